import dgram from "node:dgram";
import dns from "node:dns";
import net from "node:net";

/** Takes the network away from this process: a document can name an address, but nothing here will ask it. */
export function refuseNetwork(): void {
  const refuse = (): never => {
    throw new Error("an extraction child has no network");
  };
  net.Socket.prototype.connect = refuse;
  dgram.createSocket = refuse;
  Object.assign(dns, { lookup: refuse, resolve: refuse });
  for (const name of ["fetch", "WebSocket", "EventSource", "XMLHttpRequest"]) {
    Reflect.deleteProperty(globalThis, name);
  }
}
