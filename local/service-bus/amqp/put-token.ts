import type { Authorize } from "../authorize.ts";
import { amqpErrors } from "./amqp-errors.ts";
import type { Claims } from "./claims.ts";
import type { ManagementReply } from "./management-reply.ts";
import { propertiesOf, type RequestMessage } from "./request-link.ts";

/**
 * Handles `put-token` of `$cbs` where tokens are looked at. Only Entra ID's are taken, as in a namespace whose local
 * authentication is disabled.
 */
export function createPutToken(options: {
  readonly authorize: Authorize;
  readonly now: () => number;
}): (request: RequestMessage, claims: Claims) => Promise<ManagementReply> {
  return async (request, claims) => {
    const { operation, type, name: audience } = propertiesOf(request);
    const { body: token } = request;
    if (operation !== "put-token" || typeof audience !== "string") {
      return {
        status: 400,
        error: amqpErrors.argument("Not a put-token request."),
      };
    }
    if (type !== "jwt" || typeof token !== "string") {
      return refused("LocalAuthDisabled: Only Entra ID tokens are accepted.");
    }
    const expiresAt = readExpiry(token);
    if (expiresAt <= options.now()) {
      return refused("ExpiredToken: The token is expired.");
    }
    if (!(await options.authorize(token))) {
      return refused("InvalidToken: The token is not accepted.");
    }
    claims.put(audience, expiresAt);
    return { status: 200 };
  };
}

function refused(description: string): ManagementReply {
  return { status: 401, error: amqpErrors.unauthorized(description) };
}

/** The `exp` of a JSON Web Token in milliseconds since the epoch; 0 when it cannot be read. */
function readExpiry(token: string): number {
  try {
    const payload = Buffer.from(token.split(".")[1] ?? "", "base64url");
    const claims = JSON.parse(payload.toString("utf8")) as unknown;
    return typeof claims === "object" &&
      claims !== null &&
      "exp" in claims &&
      typeof claims.exp === "number"
      ? claims.exp * 1000
      : 0;
  } catch {
    return 0;
  }
}
