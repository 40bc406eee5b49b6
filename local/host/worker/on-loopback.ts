import { Server } from "node:net";

/**
 * Runs `open` so that a server which it starts without saying where listens on loopback. The library opens the door of
 * streamed requests on every interface of the machine, and only the host may knock there.
 */
export async function onLoopback<T>(open: () => Promise<T>): Promise<T> {
  const { listen } = Server.prototype;
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    const [first] = args;
    const isAnywhere = args.length === 1 && typeof first === "function";
    const where = isAnywhere ? [{ port: 0, host: "127.0.0.1" }, first] : args;
    return Reflect.apply(listen, this, where) as Server;
  } as typeof listen;
  try {
    return await open();
  } finally {
    Server.prototype.listen = listen;
  }
}
