/** "NuTH" as SQLite's `application_id`: a Nucleus task hub. */
export const taskHubApplicationId: number = 0x4e755448;

/**
 * The task hub's tables.
 *
 * `th_history` holds one row per orchestrator turn. Its primary key is `instance key * turnsPerInstance + turn`, so that
 * an instance's history is one range of the table's own b-tree and needs no second index. `inputs` holds the inputs of
 * the activities which that turn scheduled: they are needed to run an activity again and are no part of the history.
 *
 * Instances are listed by status and creation time along one index, and by the beginning of their ID along that of the
 * IDs.
 *
 * `th_entity` holds the entities that exist or are locked, `th_entity_message` what waits for them or is not due yet.
 */
export const taskHubMigrations: readonly string[] = [
  `
  CREATE TABLE th_instance (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    execution_id TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    parent TEXT,
    trace TEXT,
    custom_status TEXT,
    output TEXT,
    input TEXT
  ) STRICT;
  CREATE INDEX th_instance_status ON th_instance (status);

  CREATE TABLE th_history (
    position INTEGER PRIMARY KEY,
    events TEXT NOT NULL,
    inputs TEXT
  ) STRICT;

  CREATE TABLE th_message (
    sequence INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL,
    execution_id TEXT,
    event TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE th_entity (
    id TEXT PRIMARY KEY,
    is_existing INTEGER NOT NULL,
    state TEXT,
    locked_by TEXT,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX th_entity_lock ON th_entity (locked_by) WHERE locked_by IS NOT NULL;

  CREATE TABLE th_entity_message (
    sequence INTEGER PRIMARY KEY,
    entity TEXT NOT NULL,
    due_at INTEGER,
    message TEXT NOT NULL
  ) STRICT;
  `,
  `
  DROP INDEX th_instance_status;
  CREATE INDEX th_instance_status_created ON th_instance (status, created_at);
  `,
];

/** How many turns one execution may have: 2^21 of the 2^53 positions that a number holds exactly. */
export const turnsPerInstance: number = 2 ** 21;
