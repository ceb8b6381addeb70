/** The error for a call of start_instance on a server that does not offer it. */
export const unavailableWithoutHosts = {
  start_instance:
    "the environment variable SSH_HOSTS of opencode-fleet is not set. It lists the hosts on which opencode may be started.",
}
