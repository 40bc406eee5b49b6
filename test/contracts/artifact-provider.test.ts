import { openFileSource } from "../shared/artifacts/file-source.ts";
import { openHttpsSource } from "../shared/artifacts/https-source.ts";
import { describeArtifactProvider } from "./artifact-provider.ts";

describeArtifactProvider("file", openFileSource);
describeArtifactProvider("https", openHttpsSource);
