/** The rule of `send.ts`: which permissions are allowed without a person. */
import { type PermissionRequest, requestedActs } from "../src/index.ts"

// #region rule
const readOnly = /^(ls|pwd|git status)( [\w./ -]*)?$/u

/** Without the whole command line and the directory in which it runs, only a person can decide. */
export const isReadOnly = (request: PermissionRequest) =>
  request.permission === "bash" &&
  request.hasArguments === true &&
  request.details?.command !== undefined &&
  requestedActs(request).every((command) => readOnly.test(command))
// #endregion
