import { describeArtifactProvider } from "../../contracts/artifact-provider.ts";
import { openGraphSource } from "./graph-source.ts";

describeArtifactProvider("microsoft-graph", openGraphSource);
