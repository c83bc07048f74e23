-- ARGV: channel, the epoch that is to be replaced or nothing, the new one, terms, generation, fingerprint. Answers the epoch that there is now.
if is_present and (epoch == ARGV[3] or epoch ~= ARGV[2]) then
  return {DONE, epoch}
end
call('DEL', record_key, versions_key, intents_key, members_key)
terms = ARGV[4]
if slot_count() > 0 then
  call('SETRANGE', versions_key, slot_count() * 8 - 1, '\0')
end
call('HSET', intents_key, ALWAYS, '')
call('HSET', members_key, ALWAYS, '')
call('HSET', record_key, 'format', FORMAT, 'run', run, 'epoch', ARGV[3], 'terms', terms, 'generation', ARGV[5], 'settled', '0',
  'seq', '0', 'renewals', '0', 'fingerprint', ARGV[6])
return {DONE, ARGV[3]}
