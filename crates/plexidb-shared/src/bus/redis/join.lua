-- ARGV: channel, member, terms, fingerprint, the epoch that it knows or nothing, intents. Answers the whole record.
if not is_present then
  return {GONE}
elseif terms ~= ARGV[3] then
  return {OTHER_TERMS, terms}
end
local entry = call('HGET', members_key, ARGV[2])
if not entry and member_count >= MEMBERS_MAX then
  return {FULL}
end
local applied = entry and number(entry, 9) or 0
change_even_if_memory_is_short()
renewals = call('HINCRBY', record_key, 'renewals', 1)
call('HSET', members_key, ARGV[2], packed(renewals) .. packed(applied))
if settled ~= '1' and ARGV[5] ~= epoch then
  for index = 6, #ARGV do
    register(ARGV[index])
  end
end
return {DONE, epoch, settled, generation, packed(seq), fingerprint, call('GET', versions_key) or '', call('HVALS', intents_key), entries()}
