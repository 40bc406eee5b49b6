import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Context,
  type ContextManager,
  context,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from "@opentelemetry/api";
import { fromTraceContext } from "../trace-context.ts";

/**
 * Makes the active span known to this process through OpenTelemetry's API, which is how Durable Functions learns in
 * which trace it starts an instance. There is no global tracer: libraries that record spans by themselves get none.
 *
 * @returns a function that takes it back
 */
export function shareActiveContext(): () => void {
  const isOurs = context.setGlobalContextManager(createContextManager());
  const isPropagated = propagation.setGlobalPropagator(traceParentPropagator);
  return () => {
    if (isOurs) context.disable();
    if (isPropagated) propagation.disable();
  };
}

function createContextManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, work, self, ...values) =>
      storage.run(active, () => work.call(self as never, ...values)),
    bind: (active, target) =>
      typeof target === "function"
        ? (((...values: unknown[]): unknown =>
            storage.run(
              active,
              () => Reflect.apply(target, undefined, values) as unknown,
            )) as typeof target)
        : target,
    enable: () => manager,
    disable: () => {
      storage.disable();
      return manager;
    },
  };
  return manager;
}

/** Puts the active span's `traceparent` on what goes out. Nothing comes in this way: triggers hand on what they got. */
const traceParentPropagator: TextMapPropagator = {
  fields: () => ["traceparent"],
  inject(active, carrier, setter) {
    const span = trace.getSpanContext(active);
    if (span === undefined) return;
    const { traceId, spanId, traceFlags } = span;
    const isSampled = (traceFlags & 1) === 1;
    setter.set(
      carrier,
      "traceparent",
      fromTraceContext({ traceId, spanId, isSampled }),
    );
  },
  extract: (active) => active,
};
