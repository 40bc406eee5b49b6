import type { KeyVaultSecret } from "@azure/keyvault-secrets";
import { NucleusError } from "../../kernel/errors.ts";
import { Secret } from "../secrets.ts";

/** Key Vault holds text. Bytes lie there as base64, and the content type says so. */
const bytesContentType = "application/octet-stream; encoding=base64";
/** How `az keyvault secret set --file … --encoding base64` says the same; it breaks the text into lines. */
const encodingTag = "file-encoding";

const encodings = {
  base64: /^(?:[\w+/]{4})*(?:[\w+/]{2}==|[\w+/]{3}=)?$/,
  hex: /^(?:[\da-f]{2})*$/i,
} as const;
type Encoding = keyof typeof encodings;

/** A secret as Key Vault stores it. */
export function toKeyVaultValue(secret: Secret): {
  readonly value: string;
  readonly contentType: string;
} {
  return {
    value: Buffer.from(secret.revealBytes()).toString("base64"),
    contentType: bytesContentType,
  };
}

/**
 * What was stored by `toKeyVaultValue` or by `az … --encoding base64 | hex` comes back as its bytes, everything else as
 * UTF-8 text: that is what an operator sets in the portal.
 *
 * @throws NucleusError configuration_invalid when the value is not in the encoding that it claims
 */
export function fromKeyVaultValue({
  value = "",
  properties,
}: KeyVaultSecret): Secret {
  const encoding = encodingOf(properties);
  if (!encoding) return Secret.fromText(value);
  const digits = value.replaceAll(/\s/g, "");
  if (!encodings[encoding].test(digits)) {
    throw new NucleusError("configuration_invalid");
  }
  return Secret.fromBytes(Buffer.from(digits, encoding));
}

function encodingOf({
  contentType,
  tags,
}: KeyVaultSecret["properties"]): Encoding | undefined {
  if (contentType === bytesContentType) return "base64";
  const tagged = tags?.[encodingTag];
  return tagged === "base64" || tagged === "hex" ? tagged : undefined;
}
