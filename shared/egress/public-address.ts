import { BlockList, isIP } from "node:net";

/** IPv4 ranges that are not the public internet (IANA special-purpose registry), and Azure's virtual host address. */
const reservedIpv4: readonly (readonly [network: string, prefix: number])[] = [
  ["0.0.0.0", 8], // this network
  ["10.0.0.0", 8], // private
  ["100.64.0.0", 10], // carrier-grade NAT
  ["127.0.0.0", 8], // loopback
  ["168.63.129.16", 32], // Azure's wire server: routable-looking, answers every virtual machine
  ["169.254.0.0", 16], // link-local, instance metadata
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // protocol assignments
  ["192.0.2.0", 24], // documentation
  ["192.88.99.0", 24], // 6to4 relays
  ["192.168.0.0", 16], // private
  ["198.18.0.0", 15], // benchmarking
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, broadcast
];

/**
 * Of IPv6 only global unicast is public at all: that leaves out loopback, IPv4-mapped and -compatible, NAT64, unique
 * local, link-local, site-local, multicast, and whatever will be assigned outside it.
 */
const globalUnicastIpv6 = ["2000::", 3] as const;

/** What is special inside global unicast. */
const reservedIpv6: readonly (readonly [network: string, prefix: number])[] = [
  ["2001::", 23], // protocol assignments: Teredo, ORCHID, benchmarking
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4: carries an IPv4 address
  ["3fff::", 20], // documentation
];

const reserved = new BlockList();
for (const [network, prefix] of reservedIpv4)
  reserved.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of reservedIpv6)
  reserved.addSubnet(network, prefix, "ipv6");
const globalUnicast = new BlockList();
globalUnicast.addSubnet(...globalUnicastIpv6, "ipv6");

/** Whether an IP address (no brackets) belongs to the public internet. What is not an address at all does not. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !reserved.check(address, "ipv4");
    case 6:
      return (
        globalUnicast.check(address, "ipv6") && !reserved.check(address, "ipv6")
      );
    default:
      return false;
  }
}
