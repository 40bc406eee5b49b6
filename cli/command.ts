/** What a command may use of its process. */
export interface CommandIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whether a person looks at stdout. */
  readonly isTerminal: boolean;
  /** Writes a line to stdout. */
  readonly print: (text: string) => void;
  /** Replaces the terminal's current line. */
  readonly redraw: (text: string) => void;
  /** Writes a line to stderr. */
  readonly warn: (text: string) => void;
}

/** Runs with the arguments behind the command's name; answers the exit code. */
export type Command = (
  args: readonly string[],
  io: CommandIo,
) => Promise<number>;
