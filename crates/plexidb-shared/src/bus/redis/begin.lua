-- ARGV: channel, epoch, the number that the member has applied, intent. Answers the number to be acknowledged, and members.
local refused = refusal(ARGV[2], ARGV[3])
if refused then
  return refused
elseif call('HEXISTS', members_key, string.sub(ARGV[4], 1, 16)) == 0 then
  return {NOT_MEMBER}
elseif settled ~= '1' then
  return {UNSETTLED}
elseif not are_slots(string.sub(ARGV[4], 58)) then
  return {TOO_MANY_SLOTS}
end
change_even_if_memory_is_short()
register(ARGV[4])
local intent = call('HGET', intents_key, string.sub(ARGV[4], 1, 24))
return {DONE, string.sub(intent, 49, 56), entries()}
