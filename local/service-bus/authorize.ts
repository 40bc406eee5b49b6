/** Whether a token of Entra ID (a JWT) is one for this endpoint: signed by whom it trusts, for its audience. Never rejects. */
export type Authorize = (token: string) => Promise<boolean>;
