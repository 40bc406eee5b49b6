/** "NSB1": a Nucleus Service Bus file. */
export const SERVICE_BUS_APPLICATION_ID = 0x4e534231;

export const serviceBusMigrations: readonly string[] = [
  `
  CREATE TABLE queues (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    reserved_sequence INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    queue_id INTEGER NOT NULL REFERENCES queues (id),
    dead_lettered INTEGER NOT NULL DEFAULT 0,
    state INTEGER NOT NULL,
    sequence_number INTEGER NOT NULL,
    deliveries INTEGER NOT NULL DEFAULT 0,
    enqueued_at INTEGER NOT NULL,
    scheduled_for INTEGER,
    ttl_ms INTEGER
  ) STRICT;
  CREATE INDEX messages_in_order ON messages (queue_id, dead_lettered, sequence_number);
  -- Apart from the rest, so that counting a delivery does not write the body again.
  CREATE TABLE contents (
    message_id INTEGER PRIMARY KEY,
    content BLOB NOT NULL
  ) STRICT;
  CREATE TABLE seen_message_ids (
    queue_id INTEGER NOT NULL REFERENCES queues (id),
    message_id TEXT NOT NULL,
    forget_at INTEGER NOT NULL,
    PRIMARY KEY (queue_id, message_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX seen_message_ids_by_age ON seen_message_ids (forget_at);
  `,
  `
  ALTER TABLE queues ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
  -- When older queues were made is not known any more.
  UPDATE queues SET created_at = unixepoch() * 1000;
  `,
  `
  ALTER TABLE messages ADD COLUMN session_id TEXT;
  CREATE INDEX messages_of_sessions ON messages (queue_id, session_id, sequence_number)
    WHERE session_id IS NOT NULL;
  CREATE TABLE session_states (
    queue_id INTEGER NOT NULL REFERENCES queues (id),
    session_id TEXT NOT NULL,
    state BLOB NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (queue_id, session_id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE messages ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;
  -- The rules that a subscription was declared with: as long as they stay, clients may change the rules it has.
  ALTER TABLE queues ADD COLUMN declared_rules TEXT;
  CREATE TABLE rules (
    queue_id INTEGER NOT NULL REFERENCES queues (id),
    name TEXT NOT NULL COLLATE NOCASE,
    filter TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (queue_id, name)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE INDEX queues_in_any_case ON queues (name COLLATE NOCASE);
  `,
];
