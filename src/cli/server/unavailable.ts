/** What a model is told that calls the tool for starting opencode where it is not offered. */
export const unavailableWithoutHosts = {
  start_instance:
    "the environment variable SSH_HOSTS of opencode-fleet is not set. It lists the hosts on which opencode may be started.",
}
