/** What the endpoint answers with instead of a result. */
export class CosmosRefusal extends Error {
  override readonly name = "CosmosRefusal";
  readonly status: number;
  readonly substatus: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** What the body holds besides code and message. */
  readonly extra: object;

  constructor(
    status: number,
    message: string,
    more: {
      readonly substatus?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly extra?: object;
    } = {},
  ) {
    super(message);
    this.status = status;
    this.substatus = more.substatus;
    this.headers = more.headers ?? {};
    this.extra = more.extra ?? {};
  }
}
