/** A child that does not speak the protocol. */
import { Socket } from "node:net";
import { pipeFd } from "../../../../shared/extraction/protocol.ts";

const pipe = new Socket({ fd: pipeFd });
pipe.on("data", () => pipe.write("HTTP/1.1 200 OK\r\n\r\n"));
