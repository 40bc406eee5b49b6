import { supplySharedCore } from "./test-app.ts";

// Its import is what counts: the libraries look for their host as soon as they are imported.
supplySharedCore();
