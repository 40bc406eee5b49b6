/**
 * A lock token is a UUID. As a delivery tag it travels as a .NET GUID, whose first three groups are little-endian;
 * everywhere else in network order.
 */
export function toDeliveryTag(token: string): Buffer {
  return swapGuidGroups(Buffer.from(token, "hex"));
}

function swapGuidGroups(uuid: Buffer): Buffer {
  uuid.subarray(0, 4).reverse();
  uuid.subarray(4, 6).reverse();
  uuid.subarray(6, 8).reverse();
  return uuid;
}
