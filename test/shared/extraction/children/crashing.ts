/** A child that ends as soon as it is given something. */
import { Socket } from "node:net";
import { pipeFd } from "../../../../shared/extraction/protocol.ts";

console.log("what a library prints goes nowhere");
new Socket({ fd: pipeFd }).on("data", () => process.exit(3));
