export interface Sheet {
  readonly name: string;
  readonly rows: readonly (readonly (string | number)[])[];
}

/** The budget of the financial year 2027: the example workbook. Amounts are in EUR. */
export const budgetWorkbook: readonly Sheet[] = [
  {
    name: "Operating budget",
    rows: [
      [
        "Department",
        "Q1 2027",
        "Q2 2027",
        "Q3 2027",
        "Q4 2027",
        "Year 2027",
        "Responsible",
      ],
      [
        "Research and development",
        412000,
        418000,
        436000,
        441000,
        1707000,
        "Head of Engineering",
      ],
      ["Production", 655000, 671000, 702000, 688000, 2716000, "Plant Manager"],
      ["Sales", 238000, 242000, 251000, 263000, 994000, "Sales Director"],
      [
        "Marketing",
        96000,
        121000,
        88000,
        134000,
        439000,
        "Head of Communications",
      ],
      [
        "Customer support",
        143000,
        143000,
        149000,
        149000,
        584000,
        "Support Lead",
      ],
      [
        "Information technology",
        187000,
        179000,
        183000,
        194000,
        743000,
        "Head of IT",
      ],
      ["Human resources", 71000, 74000, 71000, 76000, 292000, "Head of People"],
      ["Facilities", 92000, 88000, 86000, 97000, 363000, "Facilities Manager"],
      [
        "Total",
        1894000,
        1936000,
        1966000,
        2042000,
        7838000,
        "Finance Director",
      ],
    ],
  },
  {
    name: "Capital expenditure",
    rows: [
      ["Project", "Amount", "Start", "Depreciation (years)", "Status"],
      ["Second calibration basin", 385000, "April 2027", 12, "Approved"],
      ["Pick-and-place machine", 268000, "June 2027", 8, "Approved"],
      [
        "Solar roof on the production hall",
        174000,
        "September 2027",
        20,
        "Waiting for the landlord's consent",
      ],
      [
        "Replacement of the climate chamber",
        92000,
        "February 2027",
        10,
        "Ordered",
      ],
      ["Document management system", 58000, "May 2027", 5, "Under review"],
    ],
  },
  {
    name: "Headcount",
    rows: [
      ["Department", "End of 2026", "End of 2027", "New positions"],
      [
        "Research and development",
        34,
        37,
        "Two firmware developers, one hydrologist",
      ],
      ["Production", 58, 61, "Three assembly technicians"],
      ["Sales", 17, 18, "One account manager for ports"],
      ["Marketing", 6, 6, "None"],
      ["Customer support", 14, 15, "One field technician"],
      ["Information technology", 9, 10, "One security engineer"],
      ["Human resources", 5, 5, "None"],
      ["Facilities", 4, 4, "None"],
    ],
  },
  {
    name: "Assumptions",
    rows: [
      ["Assumption", "Value", "Source"],
      ["Revenue growth", "6.5 percent", "Sales plan of August 2026"],
      [
        "Increase of wages",
        "3.2 percent from 1 April 2027",
        "Collective agreement",
      ],
      ["Electricity price", "0.24 EUR per kWh", "Supply contract until 2028"],
      [
        "Exchange rate",
        "1.09 US dollars per euro",
        "Average of the forward rates",
      ],
      [
        "Contingency reserve",
        "150,000 EUR, released only by the supervisory board",
        "Decision of 9 September 2026",
      ],
      ["Interest on the credit line", "4.1 percent", "House bank"],
    ],
  },
];
