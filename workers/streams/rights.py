"""Whether the user of a connection may do what `accept` does, without doing it."""

from redis import Redis
from redis.exceptions import ResponseError

from comethooks.workers.streams import keys
from comethooks.workers.streams.refusals import CALLED, ErrorReply, refusal_of, rights_advice
from comethooks.workers.streams.scripts import entry_scripts

MISSING_RIGHTS = """
local lacking = {}
if not redis.acl_check_cmd then return lacking end
for _, command in ipairs(ARGV) do
  for _, key in ipairs(KEYS) do
    if not redis.acl_check_cmd(command, key, '1', '1', '1') then
      table.insert(lacking, command)
      break
    end
  end
end
return lacking
"""
"""Ask which commands the user may not run. KEYS what they would be run on, ARGV the commands.
Returns those that the user may not run, each once.

A script, since a server tells a user's rights to that user nowhere else; it is called in the way in
which ACCEPT is, so the user needs that right too. Changes nothing. Servers that are only like Redis
may not know the question; then nothing is said to be lacking.
"""


def why_not_accepted(client: Redis) -> ErrorReply | None:
    """Why the server would not take an event from this user; None when it would. Raises redis-py's
    errors when it does not answer.
    """
    commands = list(dict.fromkeys(CALLED.findall(entry_scripts.ACCEPT)))
    names = [
        keys.stream(0),
        keys.BACKLOG,
        keys.PARTITIONS,
        keys.HEARD,
        f"{keys.DUPLICATES}:60:0:0",
    ]
    try:
        missing = client.register_script(MISSING_RIGHTS)(names, commands)
    except ResponseError as error:
        return refusal_of(error)
    if not missing:
        return None
    lacking = " and ".join(each.decode() for each in missing)
    return ErrorReply("NOPERM", f"its user may not run {lacking} on our keys", rights_advice())
