export {
  createCommitLoop,
  type CommitLoop,
} from "../../shared/storage/commit-loop.ts";
