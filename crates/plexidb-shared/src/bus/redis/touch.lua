-- ARGV: channel, epoch, slots. Answers the number to be acknowledged, the slots' versions, and members.
local refused = refusal(ARGV[2])
if refused then
  return refused
elseif not are_slots(ARGV[3]) then
  return {TOO_MANY_SLOTS}
end
change_even_if_memory_is_short()
local raised = versions(ARGV[3], true)
publish('T', raised)
return {DONE, packed(seq), raised, entries()}
