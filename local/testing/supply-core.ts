import { supplySharedCore } from "./test-app.ts";

// Its import is what counts: the libraries look for their host with the first function that is registered.
supplySharedCore();
