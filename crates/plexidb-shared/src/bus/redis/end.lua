-- ARGV: channel, epoch, id of the intent, slots that were touched. Answers their versions.
local refused = refusal(ARGV[2])
if refused then
  return refused
elseif not are_slots(ARGV[4]) then
  return {TOO_MANY_SLOTS}
end
local touched = ARGV[4]
local intent = call('HGET', intents_key, ARGV[3])
if not intent then
  return {DONE, versions(touched, false)}
end
if string.byte(intent, 57) == 1 then
  local whole, is_touched = string.sub(terms, 5, 8), false
  for from = 1, #touched, 4 do
    is_touched = is_touched or string.sub(touched, from, from + 3) == whole
  end
  if not is_touched then
    touched = touched .. whole
  end
end
call('HDEL', intents_key, ARGV[3])
local raised = versions(touched, true)
publish('E', ARGV[3] .. raised)
return {DONE, raised}
