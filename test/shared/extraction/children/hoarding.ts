/** A child without a watchdog of its own that takes memory without end. */
const hoard: Buffer[] = [];
setInterval(() => hoard.push(Buffer.alloc(8 << 20, 1)), 10);
