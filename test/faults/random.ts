export { createRandom } from "../../local/testing/random.ts";
