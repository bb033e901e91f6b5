export { apply, extend, undo } from "../marked-effect.ts";
