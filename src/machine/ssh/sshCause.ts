/** What kind of failure the reason of a lost connection describes, so that the advice fits it. */

export type SshCause =
  | "changedHostKey"
  | "unknownHostKey"
  | "loginRefused"
  | "unknownHost"
  | "refused"
  | "unreachable"
  | "forwardingRefused"
  | "portTaken"
  | "badConfiguration"
  | "noCommand"
  | "noShell"
  | "other"

/** In this order, because the reason may quote several lines. ssh has no translations. */
const patterns: ReadonlyArray<readonly [SshCause, RegExp]> = [
  ["changedHostKey", /host identification has changed|host key for .* has changed/iu],
  ["unknownHostKey", /host key verification failed|no \S+ host key is known/iu],
  ["loginRefused", /permission denied \(|too many authentication failures|no supported authentication/iu],
  ["unknownHost", /could not resolve hostname|name or service not known|nodename nor servname/iu],
  ["badConfiguration", /bad configuration option|bad owner or permissions|terminating, \d+ bad/iu],
  ["portTaken", /address already in use|cannot listen to port|local forwarding/iu],
  ["forwardingRefused", /forwarding (?:request )?failed|administratively prohibited|does not allow forwarding/iu],
  ["refused", /connection refused/iu],
  ["unreachable", /timed out|timeout, server|no route to host|network is unreachable|host is down/iu],
  // The local shell's words for a program that does not exist. Status 127 alone may come from the other machine.
  ["noCommand", /^(?:\/bin\/)?sh: .*not found .*status 127|^spawn .* ENOENT|NotFound: /iu],
  ["noShell", /\(the command ended with status (?!255\))\d+\)|did not answer within/iu],
]

export const sshCause = (reason: string): SshCause =>
  patterns.find(([, pattern]) => pattern.test(reason))?.[0] ?? "other"
