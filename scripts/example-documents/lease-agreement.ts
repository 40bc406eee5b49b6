import {
  type Block,
  heading,
  list,
  paragraph,
  table,
  title,
} from "./blocks.ts";

/** A commercial lease, several pages long: the example PDF. */
export const leaseAgreement: readonly Block[] = [
  title("Lease Agreement for Commercial Premises"),
  paragraph(
    "This agreement is made between Saltmarsh Estates AG (the Landlord) and Tidewell Instruments GmbH (the Tenant). It was signed on 12 December 2024 and replaces the letter of intent of 30 September 2024.",
  ),
  heading("1. Premises"),
  paragraph(
    "The Landlord lets to the Tenant Unit 4 of Kittiwake Business Park, consisting of a production hall and an attached office wing. The floor area is 1,860 square metres, of which 240 square metres are offices. The plan in Annex A shows the boundaries of the unit.",
  ),
  paragraph(
    "Eighteen parking spaces in front of the unit belong to the premises. Two of them are fitted with charging points for electric vehicles. The loading bay on the north side is shared with Unit 5.",
  ),
  heading("2. Term"),
  paragraph(
    "The lease begins on 1 March 2025 and runs for ten years, ending on 28 February 2035. If neither party objects at least twelve months before the end, it is extended once by five years on the same terms.",
  ),
  heading("3. Early termination by the Tenant"),
  paragraph(
    "The Tenant may end the lease early with effect from 28 February 2030. To do so the Tenant must give nine months' written notice and pay a break fee equal to four months' rent. A notice that arrives late has no effect, and the lease then continues for its full term.",
  ),
  paragraph(
    "The Landlord has no right of early termination except for the reasons listed in section 13.",
  ),
  heading("4. Rent"),
  paragraph(
    "The rent is EUR 14,200 per month plus value added tax. It is payable in advance, at the latest on the third working day of each month, to the account that the Landlord names in writing. No rent is owed for the first three months, because the Tenant fits out the hall at its own expense during that time.",
  ),
  heading("5. Adjustment of the rent"),
  paragraph(
    "The rent is adjusted every 24 months to the change of the national consumer price index. A single adjustment may not exceed 3.5 percent. The Landlord announces the new rent in writing at least six weeks before it takes effect.",
  ),
  heading("6. Service charge"),
  paragraph(
    "In addition to the rent the Tenant pays an advance of EUR 1,150 per month towards the running costs of the park. The Landlord settles the account by 30 April of the following year. The service charge covers:",
  ),
  list(
    "cleaning and lighting of roads and common areas,",
    "winter service and care of green areas,",
    "inspection of the sprinkler system,",
    "the park's property management, up to 4 percent of the annual rent.",
  ),
  paragraph(
    "Electricity is not part of the service charge. The Tenant contracts with a supplier of its choice. Heat comes from the district heating network and is billed by meter.",
  ),
  heading("7. Security"),
  paragraph(
    "The Tenant provides a bank guarantee of EUR 42,600 as security before the keys are handed over. The Landlord returns the guarantee within 60 days after the premises have been given back, less any claims that are still open.",
  ),
  heading("8. Late payment"),
  paragraph(
    "If a payment is more than ten days late, interest of five percentage points above the base rate is due from the first day of delay. After two reminders the Landlord may call on the bank guarantee.",
  ),
  heading("9. Use of the premises"),
  paragraph(
    "The premises may be used for the assembly, calibration and storage of measuring instruments and for the offices that belong to it. Flammable liquids may be stored up to a total of 200 litres, in cabinets approved for that purpose. Work that is louder than 55 decibels at the boundary of the unit is not permitted between 22:00 and 06:00.",
  ),
  heading("10. Repairs and maintenance"),
  paragraph(
    "The Landlord maintains the roof, the outer walls, the load-bearing structure and the sprinkler system. The Tenant carries out small repairs inside the unit up to EUR 800 in each case. Gates and the overhead crane are inspected once a year by a certified firm at the Tenant's expense.",
  ),
  heading("11. Alterations and subletting"),
  paragraph(
    "Structural alterations need the Landlord's written consent, which is deemed to be given if the Landlord does not answer within 20 working days. The Tenant may sublet up to 30 percent of the floor area with the Landlord's consent, which may be refused only for good cause.",
  ),
  heading("12. Insurance and access"),
  paragraph(
    "The Tenant keeps public liability insurance of at least EUR 5 million for each event and proves it once a year. The Landlord insures the building against fire, storm and tap water.",
  ),
  paragraph(
    "The Landlord may enter the premises after giving 48 hours' notice during business hours. In an emergency no notice is needed.",
  ),
  heading("13. Termination for cause"),
  paragraph(
    "Either party may terminate the lease without notice for good cause. Good cause for the Landlord exists in particular if the Tenant is in arrears with two consecutive monthly rents or uses the premises for another purpose despite a warning.",
  ),
  heading("14. Return of the premises"),
  paragraph(
    "At the end of the lease the Tenant returns the premises swept clean, with all twelve keys. Fixtures that the Tenant installed are removed unless the Landlord takes them over at their current value. The condition is recorded in a joint protocol.",
  ),
  heading("15. Final provisions"),
  paragraph(
    "Changes to this agreement must be made in writing. Disputes go to mediation at the regional chamber of commerce before either party may go to court. If one provision is invalid, the others remain in force.",
  ),
  heading("Annex B: Contacts"),
  table(
    ["Subject", "Contact", "Reachable"],
    [
      "Notices under this agreement",
      "Saltmarsh Estates AG, Lease Administration",
      "by registered letter",
    ],
    ["Technical faults", "Park control room, extension 440", "at all hours"],
    [
      "Invoices",
      "Tidewell Instruments GmbH, Accounts Payable",
      "working days, 08:00 to 16:00",
    ],
  ),
];
