import {
  type Block,
  heading,
  list,
  paragraph,
  table,
  title,
} from "./blocks.ts";

/** A security incident report: the example Word document. */
export const incidentReport: readonly Block[] = [
  title("Security Incident Report SIR-2026-014"),
  paragraph(
    "Unauthorised access to the certificate archive of Tidewell Instruments. Severity: 2 (high). Status: closed on 29 May 2026. Classification: internal.",
  ),
  heading("Summary"),
  paragraph(
    "Between 11 and 14 April 2026 an unknown party used a contractor's account to download calibration certificates from the certificate archive. In total 2,318 certificates belonging to 41 customers were copied. The certificates contain device serial numbers, measurement results and the postal address of the site. Payment data, passwords and source code were not affected.",
  ),
  heading("Timeline"),
  table(
    ["Time (UTC)", "Event"],
    [
      "10 April 2026, 15:20",
      "The contractor enters a one-time code on a forged sign-in page.",
    ],
    [
      "11 April 2026, 02:05",
      "First sign-in with the stolen session from a hosting provider abroad.",
    ],
    [
      "14 April 2026, 06:42",
      "The volume alert on the archive fires; the on-call engineer starts the investigation.",
    ],
    [
      "14 April 2026, 07:30",
      "The incident is declared and the response team meets.",
    ],
    [
      "14 April 2026, 09:15",
      "All sessions are revoked and the contractor's account is disabled. The attack is contained.",
    ],
    ["16 April 2026, 11:30", "The data protection authority is informed."],
    [
      "16 April 2026, 17:00",
      "All affected customers have been notified by e-mail.",
    ],
    ["29 May 2026, 10:00", "The review board closes the incident."],
  ),
  heading("Detection"),
  paragraph(
    "The access was noticed by an alert that compares the hourly download volume of each account with its average over the past 30 days. The alert had been introduced in January 2026 after a penetration test. Without it the access would probably have been found only in the monthly review of the access logs.",
  ),
  heading("Root cause"),
  paragraph(
    "The contractor's account was exempt from phishing-resistant sign-in. The exemption had been granted in November 2025 for a data migration, with a planned duration of two weeks, and was never withdrawn. The register of exemptions had no expiry date and nobody was responsible for reviewing it.",
  ),
  paragraph(
    "A contributing factor was that the account could read the whole archive, although the migration only needed the folders of 2019 to 2021.",
  ),
  heading("Impact"),
  list(
    "Customers: 41 customers were informed; seven asked for a list of the files concerned, and two asked for a call.",
    "Operations: the archive was read-only for 31 hours. Production and shipping were not interrupted.",
    "Cost: external forensics and legal advice came to EUR 68,000, of which the cyber insurance paid EUR 43,000.",
    "Reputation: there was one article in a trade newsletter and no enquiry from the general press.",
  ),
  heading("What went well"),
  paragraph(
    "The alert worked as designed. The response team was complete within 50 minutes. The contact list of customers was current, so that nobody had to be informed by post.",
  ),
  heading("What did not go well"),
  paragraph(
    "The runbook for stolen sessions described the old identity provider and had to be corrected during the incident. The logs of the archive were kept for only 14 days, which nearly hid the first sign-in. The deputy of the security lead could not be reached on the first morning.",
  ),
  heading("Corrective actions"),
  table(
    ["No.", "Action", "Owner", "Due"],
    [
      "1",
      "Withdraw all exemptions from phishing-resistant sign-in",
      "Identity team",
      "20 April 2026",
    ],
    [
      "2",
      "Give every exemption an expiry date and an approver",
      "Security lead",
      "15 May 2026",
    ],
    [
      "3",
      "Extend the retention of archive logs to 180 days",
      "Platform team",
      "31 May 2026",
    ],
    [
      "4",
      "Limit contractor accounts to the folders they need",
      "Archive product owner",
      "30 June 2026",
    ],
    [
      "5",
      "Rewrite the runbook for stolen sessions and rehearse it",
      "On-call lead",
      "31 July 2026",
    ],
  ),
  heading("Legal assessment"),
  paragraph(
    "The legal department rated the risk for the persons concerned as low, because the certificates name sites and devices but almost no persons. The data protection authority was informed as a precaution within 72 hours and closed the matter on 20 May 2026 without measures.",
  ),
];
