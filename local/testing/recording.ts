import { readFileSync, writeFileSync } from "node:fs";
import type { HistoryEvent } from "../durable/history-event.ts";

/** What an instance went through, as plain data: `JSON.stringify` writes it, `JSON.parse` reads it. */
export interface History {
  readonly instanceId: string;
  readonly events: readonly HistoryEvent[];
}

/** A history, and all that the orchestrator had done after each of its events; without those that changed nothing. */
export interface Recording extends History {
  readonly actions: readonly ReplayedPrefix[];
}

export interface ReplayedPrefix {
  /** How many events the orchestrator was given. */
  readonly events: number;
  /** What it answered: its actions so far, whether it is done, and with what output. */
  readonly state: unknown;
}

/** A history without what is of this machine or this turn: stacks, which no orchestrator reads, and `IsPlayed`. */
export function toHistory(
  instanceId: string,
  events: readonly HistoryEvent[],
): History {
  const clean = (key: string, value: unknown): unknown => {
    if (key === "StackTrace" || key === "IsPlayed") return undefined;
    return typeof value === "string"
      ? value.replaceAll(/(?:\n|\\n)\s+at [^\n"\\]*/g, "")
      : value;
  };
  return {
    instanceId,
    events: JSON.parse(JSON.stringify(events, clean)) as HistoryEvent[],
  };
}

/** @throws Error where the file holds no recordings: a test that replayed none would pass. */
export function readRecordings(file: string): Recording[] {
  const value = parseJson(readFileSync(file, "utf8"));
  if (Array.isArray(value) && value.length > 0 && value.every(isRecording))
    return value;
  throw new Error(`${file} holds no recordings.`);
}

export function writeRecordings(
  file: string,
  recordings: readonly Recording[],
): void {
  writeFileSync(file, `${JSON.stringify(recordings, null, 2)}\n`);
}

/** Undefined where it is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecording(value: unknown): value is Recording {
  return (
    typeof value === "object" &&
    value !== null &&
    "instanceId" in value &&
    "events" in value &&
    Array.isArray(value.events) &&
    "actions" in value &&
    Array.isArray(value.actions)
  );
}
