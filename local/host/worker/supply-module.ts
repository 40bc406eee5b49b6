import Module from "node:module";

/**
 * Answers every later `require` of the module `id` in this process with what `supply` gives. `load` requires it as it
 * would be without this, and `requirer` is the file that asks.
 */
export function supplyModule(
  id: string,
  supply: (load: () => unknown, requirer: string) => unknown,
): void {
  // The one seam that reaches a library from CommonJS and from bundled ESM alike.
  Module.prototype.require = new Proxy(Module.prototype.require, {
    apply(target, self: NodeJS.Module, args: [string]): unknown {
      const load = (): unknown => Reflect.apply(target, self, args);
      return args[0] === id ? supply(load, self.filename) : load();
    },
  });
}
