import { z } from "zod";

/** An HTTP route as it is registered, with its parameters' names: never the path of a request. */
export const RouteTemplate = z
  .string()
  .regex(/^\/[\w./{}-]{1,120}$/)
  .brand<"RouteTemplate">();
export type RouteTemplate = z.infer<typeof RouteTemplate>;
