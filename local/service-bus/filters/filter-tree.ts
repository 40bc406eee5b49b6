import type { FilterValue, SystemProperty } from "./rule-definition.ts";

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";
export type ComparisonOperator = "=" | "<>" | "<" | "<=" | ">" | ">=";

/** A property that a filter names. */
export type Property =
  | {
      readonly kind: "property";
      readonly scope: "system";
      readonly name: SystemProperty;
    }
  | {
      readonly kind: "property";
      readonly scope: "user";
      readonly name: string;
    };

/** What has a value. */
export type Expression =
  | Property
  | { readonly kind: "constant"; readonly value: FilterValue }
  | { readonly kind: "propertyNamed"; readonly name: Expression }
  | { readonly kind: "newId" }
  | { readonly kind: "negate"; readonly operand: Expression }
  | {
      readonly kind: "arithmetic";
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
    };

/** What is true, false or unknown. */
export type Predicate =
  | {
      readonly kind: "compare";
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "in";
      readonly left: Expression;
      readonly list: readonly Expression[];
    }
  | {
      readonly kind: "like";
      readonly left: Expression;
      readonly pattern: Expression;
      readonly escape: Expression | undefined;
    }
  | { readonly kind: "isNull"; readonly property: Property }
  | { readonly kind: "exists"; readonly property: Property }
  | { readonly kind: "not"; readonly operand: Predicate }
  | {
      readonly kind: "and" | "or";
      readonly left: Predicate;
      readonly right: Predicate;
    };
