/** .NET's longest time span, which stands for ever. */
const FOR_EVER = "P10675199DT2H48M5.4775807S";

/** A duration in milliseconds as XML Schema, and with it Service Bus, writes it; undefined is for ever. */
export function toXmlDuration(ms: number | undefined): string {
  if (ms === undefined) return FOR_EVER;
  const days = Math.floor(ms / 86_400_000);
  const hours = Math.floor(ms / 3_600_000) % 24;
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = (ms % 60_000) / 1000;
  const date = days > 0 ? `${days}D` : "";
  const time = [
    hours > 0 ? `${hours}H` : "",
    minutes > 0 ? `${minutes}M` : "",
    seconds > 0 ? `${seconds}S` : "",
  ].join("");
  if (date === "" && time === "") return "PT0S";
  return time === "" ? `P${date}` : `P${date}T${time}`;
}
