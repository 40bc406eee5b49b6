export {
  DatabaseRefused,
  openDatabase,
} from "../../shared/storage/open-database.ts";
