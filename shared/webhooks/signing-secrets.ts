import { hash } from "node:crypto";
import { z } from "zod";
import type { Now } from "../kernel/clock.ts";
import type { Tag } from "../kernel/metadata.ts";
import { Secret, type Secrets } from "../vault/secrets.ts";
import { newWebhookSecret } from "./secrets.ts";

/** How long the secret before the newest one still signs. */
const rotationMs = 24 * 60 * 60 * 1000;

/** Whose secret: a subscription's, or an adapter's own (it signs what goes to its interactions' callbackUrl). */
export type Signer =
  { readonly webhookId: Tag } | { readonly tenantId: Tag; readonly appId: Tag };

export interface SigningSecrets {
  /** Makes a new secret and answers it, for the one time that it is shown; the one before signs too for 24 hours. */
  rotate(signer: Signer): Promise<string>;
  /** The secrets that sign now, the newest first. An adapter that never asked for one gets one here. */
  current(
    signer: Signer,
  ): Promise<readonly [current: string, previous?: string]>;
  delete(signer: Signer): Promise<void>;
}

const Stored = z.strictObject({
  current: z.string(),
  previous: z.string().optional(),
  previousUntilMs: z.number().optional(),
});

/** Creates the signing secrets over a secret store. */
export function createSigningSecrets(options: {
  readonly secrets: Secrets;
  readonly now: Now;
}): SigningSecrets {
  const { secrets, now } = options;
  const first = () => toSecret({ current: newWebhookSecret() });

  return {
    async rotate(signer) {
      const name = nameOf(signer);
      const known = await secrets.get(name);
      const current = newWebhookSecret();
      await secrets.set(
        name,
        toSecret({
          current,
          ...(known && {
            previous: fromSecret(known.value).current,
            previousUntilMs: now() + rotationMs,
          }),
        }),
      );
      return current;
    },
    async current(signer) {
      const { value } = await secrets.getOrCreate(nameOf(signer), first);
      const { current, previous, previousUntilMs = 0 } = fromSecret(value);
      return previous !== undefined && now() < previousUntilMs
        ? [current, previous]
        : [current];
    },
    delete: (signer) => secrets.delete(nameOf(signer)),
  };
}

/** Secret names take letters, digits and hyphens only, so an application is named by a hash. */
function nameOf(signer: Signer): string {
  if ("webhookId" in signer) return `webhook-${signer.webhookId}`;
  const owner = hash("sha256", `${signer.tenantId}\n${signer.appId}`, "hex");
  return `adapter-${owner.slice(0, 40)}`;
}

function toSecret(stored: z.infer<typeof Stored>): Secret {
  return Secret.fromText(JSON.stringify(stored));
}

function fromSecret(secret: Secret): z.infer<typeof Stored> {
  return Stored.parse(JSON.parse(secret.revealText()));
}
