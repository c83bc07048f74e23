-- ARGV: channel, epoch, the number that the member has applied, member. Answers state and members.
local refused = refusal(ARGV[2], ARGV[3])
if refused then
  return refused
end
local entry = call('HGET', members_key, ARGV[4])
if not entry then
  return {NOT_MEMBER}
end
local applied = math.max(number(entry, 9), number(ARGV[3], 1))
change_even_if_memory_is_short()
renewals = call('HINCRBY', record_key, 'renewals', 1)
call('HSET', members_key, ARGV[4], packed(renewals) .. packed(applied))
return {DONE, settled, generation, packed(seq), entries()}
