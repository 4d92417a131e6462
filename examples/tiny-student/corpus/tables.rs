//! Tables whose columns belong together: faults and their causes, opinions and their reasons,
//! choices, definitions and small acts of everyday life.

pub(super) const TABLES: &str = r"
@outage symptom cause fix lesson
the queue backed up / one bad message blocked the consumer / moved bad messages to a side queue / one bad message must never stop the rest
the checkout page went down / the database ran out of connections / put a pool in front of the database / connections are a budget
every login failed / a certificate expired at midnight / renewed the certificate and set an alarm for the next one / expiry dates belong in a calendar
the site slowed to a crawl / a missing index forced full table scans / added the index and a slow query alarm / slow queries should be loud
the nightly job never finished / two workers waited for each other's lock / made both workers take the locks in the same order / lock order is part of the design
the disk filled up / debug logging was left on / rotated the logs and capped their size / logs need a limit
the phones stopped syncing / a clock drifted by nine minutes / used the server's time for ordering / never trust a client's clock
customers were charged twice / a retry had no idempotency key / gave every request a key and dropped repeats / retries need a key
the report showed the wrong totals / a time zone was dropped during the import / stored every time in one zone / dates without a zone are guesses
the cache served old prices / the invalidation message was lost / gave every entry a short lifetime / a cache needs an expiry
half the sensors went silent / a firmware update used too much memory / rolled the firmware back in batches / updates should go out in batches
the backup could not be restored / nobody had tried it for a year / restored a copy every week / a backup you have not restored is a hope
the deploy broke the mobile app / an old client still sent the old field / kept both fields for one release / old clients never die at once
mail stopped going out / our address landed on a block list / split bulk mail from account mail / reputation is shared
the robot arm stopped mid-cycle / a loose cable dropped the encoder signal / clamped the cable and added a check / look at the cable first
the service crashed every hour / a memory leak grew with each session / freed the session buffers and added a soak test / short tests hide slow leaks
search returned nothing / the index was rebuilt from an empty table / refused to publish an empty index / check the size before you publish
the control room lost its map / the proxy dropped long connections / sent a small heartbeat every ten seconds / silence is not health
orders arrived out of sequence / two partitions shared one customer / keyed the stream by customer / order needs a key
the power forecast was flat / the weather feed repeated yesterday's file / rejected files that had not changed / stale data looks like good data

@opinion topic short long
meetings / most of them should be a page of text / If nobody has to decide anything, a note is enough.
stand-ups / they are fine when they last ten minutes / After that people stop listening.
tests / I want few and honest ones / A test that never fails tells me nothing.
code review / it is the cheapest teaching we have / I would rather read a small change today than a large one on Friday.
deploys / they should be boring and frequent / Small releases are easy to undo.
AI coding tools / they are useful for drafts and poor at judgement / I still read every line that I ship.
language models / they are good at form and careless with facts / I check every number they give me.
microservices / most teams need fewer of them / A network call is a slow function that can fail.
monoliths / a tidy one goes a long way / Splitting it later is easier than people say.
remote work / it works when people write things down / The hallway was never a good archive.
open offices / they are bad for thinking / I wore headphones for three years.
estimates / a range is more honest than a date / I give the low and the high number and say why.
documentation / the short page wins / People read one screen and no more.
comments in code / they should say why / The code already says what.
rewrites / they take twice as long as planned / I replace one part at a time.
technical debt / it is fine if someone knows the interest / Write down what you skipped.
night duty / it should be paid and quiet / Every alarm must have an owner and an action.
dashboards / three charts beat thirty / Nobody looks at the fourth page.
static types / they are cheap tests / The compiler reads every line and never gets tired.
dynamic languages / they are great for a week of exploring / After that I miss the compiler.
pair programming / two hours a day is enough / Longer than that and both of us get tired.
hiring / a small real task beats a puzzle / I want to see how somebody reads old code.
job titles / they matter less than the work / I have been called five things for the same job.
deadlines / one real date is worth ten soft ones / People know which ones are invented.
agile / the small steps are good and the rituals are not / I keep the demo and drop the rest.
refactoring / it belongs in the change that needs it / A month of cleaning pleases nobody.
open source / it pays back slowly and well / My best reviewers were strangers.
conferences / the hallway is the best room / I go for the questions after the talk.
side projects / they are where I learn without a deadline / Most of mine are unfinished and that is fine.
email / it is slower and kinder than chat / I answer it twice a day.
chat tools / they are loud / I mute most rooms until noon.
cloud costs / somebody has to read the bill every month / Half of ours was forgotten test machines.
frameworks / the dull one with good manuals wins / Novelty costs evenings.
caching / it comes after measuring / A cache hides a slow query and adds a new way to be wrong.
feature flags / they should be deleted within a month / Old flags are dead code with a switch.
logging / decisions are worth more than steps / I want to know why the program chose that branch.
alerts / an alert nobody acts on is noise / We removed forty and missed none.
privacy / the safest data is the data you never kept / We delete raw records after thirty days.
passwords / a manager program should make them / People cannot invent random words.
spreadsheets / they are the best prototype there is / Half of our products began as one.
data lakes / most of them are swamps / Without an owner a table rots in a year.
benchmarks / run them on your own data / Other people's numbers answer other people's questions.
blockchains / a signed log was enough every time / Nobody needed strangers to agree.
mentoring / listening is most of it / The good question is worth more than my answer.
university / it taught me to read slowly / The tools I learned there are all gone.
certificates / they open a door and then stop helping / I kept two and let the rest lapse.
performance reviews / feedback a year late is history / I would rather hear it the same week.
overtime / it borrows from next week / Tired people write the bugs that rested people fix.
low-code tools / they are good until the first odd request / Then you need a programmer and a shovel.
old hardware / slow machines keep me honest / If it runs well there it runs well everywhere.

@choice x y z whyx whyy test
PostgreSQL / SQLite / a small internal tool / several people will write at once / one process owns the data / how many writers there are
Kafka / RabbitMQ / an event feed / consumers must read the history again / messages are jobs that are done once / whether anyone needs to replay
Rust / Go / a network proxy / every microsecond of delay matters / the team has to ship next month / how tight the latency target is
Python / Rust / a data import / the rules change every week / the volume is large and the rules are stable / how often the rules change
a monolith / microservices / a new product / one small team owns everything / five teams must release on their own / how many teams release
a queue / a direct call / sending receipts / the caller can go on without an answer / the user waits for the answer / who waits for the result
batch / streaming / a daily report / the answer is needed once a day / someone acts within a minute / how fresh the number must be
a cache / an index / a slow search / the same question is asked again and again / every question is different / how often questions repeat
buying / building / a payroll system / the problem is the same everywhere / the problem is what makes us different / whether it sets us apart
a rewrite / a repair / an old billing service / nobody understands the code any more / the faults sit in one module / where the faults are
REST / gRPC / a public interface / strangers will call it from a browser / both ends are ours / who the callers are
Kubernetes / two plain servers / a booking site / load changes by the hour / load is flat and the team is small / how much the load moves
polling / webhooks / order updates / the partner is unreliable / the partner delivers every event / how far we trust the sender
a linear model / a neural network / a demand forecast / data is scarce and people ask why / there are millions of rows / how much data there is
lidar / cameras / a warehouse robot / the light is poor / labels and signs must be read / what the robot has to see
a vendor / an in-house team / customer support / volume is seasonal / calls need deep knowledge / how much a caller must know
rail / road / heavy freight / the load is large and the date is loose / the last stretch has no track / how fixed the date is
solar panels / a wind turbine / a remote farm / the site is sunny and sheltered / the ridge is windy all winter / what the weather records say
a fixed price / an hourly rate / a small contract / the work is well understood / nobody knows the scope yet / how clear the scope is
hiring / training / a missing skill / the skill is needed this month / the people we have want to learn it / how soon we need it
a nightly backup / live replication / a clinic database / losing a day is acceptable / losing an hour is not / how much loss is allowed
paper / a tablet / the loading dock / hands are wet and gloves are on / the data must be in the system at once / who reads the form next

@term word meaning
a queue / a line of work that waits until somebody is free to do it
a cache / a small store of answers that were expensive to find
latency / the time between asking and getting the answer
throughput / how much work gets done in a given time
an index / a sorted list that lets you find a row without reading the whole table
a deadlock / two workers who each wait for what the other one holds
a race condition / a fault that depends on who arrives first
an outage / the time in which people cannot use what you promised them
a backup / a copy that you have restored at least once
a rollback / going back to the last version that worked
a regression / something that worked yesterday and is broken today
technical debt / work that you skipped and will pay for later
a proxy / a server that stands in front of another and passes messages on
encryption / writing a message so that only the owner of the key can read it
a hash / a short number computed from a long text
a checksum / a small number that shows whether a file has changed
a firewall / a guard that decides which connections may pass
a compiler / a program that turns source code into machine code
a parser / a program that finds the structure in a line of text
a schema / the agreed shape of the data
a migration / a careful move of data from one shape to another
a load balancer / a doorman who sends each visitor to a free desk
an interface / the part of a thing that other things may touch
a sensor / a device that turns heat, light or motion into a number
a turbine / a wheel that turns wind, steam or water into power
a battery / a box that stores electricity for later
a transformer / a device that raises or lowers voltage
an inverter / a device that turns direct current into alternating current
a ledger / a list of entries that must always balance
an invoice / a polite request for money with a date on it
interest / the price of using somebody else's money
insurance / many people paying a little so that one of them is not ruined
inflation / the slow shrinking of what a coin can buy
a mortgage / a long loan with a house behind it
triage / deciding who needs help first
a placebo / a harmless pill that tests whether the real one works
a vaccine / practice for the immune system
anaemia / a shortage of healthy red blood cells
a pallet / a wooden platform that a fork lift can carry
the customs office / the place where people check what crosses the border
a depot / a yard where trucks are loaded and parked
a manifest / the list of what is on board
a ferry / a boat that crosses the same water all day
ballast / weight that keeps a ship upright
a gripper / the hand of a robot
a servo / a motor that knows its own position
calibration / comparing an instrument with something you trust
torque / the force that turns a bolt
friction / the reason why brakes work and engines get hot
compost / kitchen scraps that have become soil
pollen / the yellow dust that bees carry from flower to flower
erosion / soil leaving a field with the rain
irrigation / bringing water to crops that cannot wait for rain
yeast / the tiny fungus that makes bread rise
a median / the middle value when you line all of them up
an average / the sum shared out equally
variance / how far values scatter around their average
a forecast / a guess with its reasons written down
overfitting / learning the examples by heart and failing the exam
an embedding / a list of numbers that puts similar words near each other
a token / a piece of text about as long as a short word
a prototype / a cheap copy that answers one question
a deadline / a date that somebody else is counting on
a mentor / a person who asks you the next good question
a contract / a promise with signatures under it
a tariff / the price list for power or trade
a census / counting everybody once
a permit / a paper that says you may
an archive / a place where old papers wait for a question
a metaphor / a comparison that hides the word like
a rhyme / two endings that sound the same
a chord / three or more notes played together
a harbour / a quiet corner of the sea where ships can rest
a glacier / a river of ice that moves a few metres a year
a tide / the sea following the moon

@life act
I <repaired|oiled|cleaned|painted|sold|measured|borrowed|photographed> <an old|a rusty|a heavy|a broken|a cheap|a noisy|a tiny> {~object} <on {~weekday}|last {~season}|before breakfast|after lunch|during the holidays>.
We <cooked|ate|shared|burned|ordered|served> {~food} <for dinner|at midnight|in the kitchen|with the neighbours|beside the lake>.
My <sister|brother|mother|father|uncle|aunt|cousin|grandmother|grandfather|neighbour|daughter|son|nephew|niece|flatmate> <lent|gave|sold|posted|showed> me <a|an old|a spare> {~object}.
The <train|ferry|bus|tram|plane|taxi> to {~city} was <late|early|crowded|empty|cancelled|cold|loud>, so I <read a novel|slept|wrote postcards|watched the rain|counted bridges|talked to a stranger>.
I planted <beans|carrots|onions|garlic|roses|tulips|lavender|basil|thyme|parsley|pumpkins|spinach|radishes|strawberries|peas|leeks|cabbages|sunflowers|ferns> in the <garden|yard|window box|greenhouse|allotment>.
The <dog|cat|goat|horse|pigeon|squirrel|fox|hedgehog|swan|crow|mouse|sheep|pig|cow|duck|owl> <slept under|ran across|hid behind|jumped over|stared at|chewed|knocked over> the <table|hedge|fence|bench|wall|bucket|basket|blanket|haystack|barrel>.
The <baker|butcher|plumber|carpenter|postman|librarian|barber|dentist|tailor|mechanic|farmer|pharmacist|teacher|captain|referee|waiter|landlord|optician> <smiled|shrugged|laughed|frowned|nodded|waved|whistled|sighed|yawned|blushed> and <said it would take a week|gave me a discount|asked for a receipt|found a better way|closed the door|told me a joke>.
It <rained|snowed|thundered|drizzled|hailed> all <morning|afternoon|evening|night|weekend>, and the <street|river|roof|cellar|path|meadow|bridge|harbour|forest> <flooded|froze|was quiet|smelled of earth|glittered|turned to mud>.
I bought <flour|sugar|salt|butter|eggs|lemons|honey|vinegar|rice|candles|nails|string|glue|soap|envelopes|stamps|batteries|socks|gloves|boots> at the market for {#lm:2-19} {~currency}.
We walked <through the|around the|along the|past the> <forest|beach|castle|museum|valley|canal|village|cemetery|station|orchard|cliffs|marsh|vineyard|lighthouse|stadium> until our <feet|legs|shoulders|ears> <hurt|were cold|were sore>.
She wore <a red|a blue|a green|a yellow|a brown|a purple|an orange|a black|a white|a grey|a striped> <coat|hat|scarf|shirt|jacket|dress|jumper|raincoat> and carried <a lantern|a violin|a ladder|a bag of apples|a bunch of keys|an umbrella|a cardboard box|a wet towel>.
I <forgot|lost|found|hid|dropped|packed> my <keys|wallet|passport|glasses|ticket|phone|diary|charger|gloves|watch|toothbrush|pencil> <in the bathroom|under the bed|at the airport|on the tram|in a drawer|behind the sofa|in the attic|at the hotel>.
The <choir|orchestra|band|drummer|singer|pianist> <practised|played|stopped|started> at <noon|dusk|dawn|midnight|half past seven|a quarter to nine>, and the <crowd|audience|children|guests|judges> <clapped|sang along|fell asleep|danced|cheered|whispered>.
My <knee|back|shoulder|elbow|ankle|wrist|tooth|thumb|neck> <hurt|ached|was stiff|was swollen> for {~number} days, so the doctor told me to <rest|stretch|swim|wait|walk more|stop lifting boxes>.
The <moon|sun|sky|fog|wind|storm|frost|rainbow> was <bright|pale|thick|strong|gentle|strange|beautiful|frightening> over the <hills|mountains|fields|islands|rooftops|lake|desert|coast>.
The children built <a raft|a kite|a bridge|a castle|a tower|a puppet theatre|a tree house|a snowman|a dam> from <sticks|cardboard|rope|sand|stones|old tyres|bottles|blankets|planks|leaves>.
I <learned|tried|failed|refused|promised|decided|hoped|agreed> to <swim|drive|dance|whistle|juggle|ski|sew|paint|sing|bake|sail|knit> when I was {~number}.
The <bridge|tunnel|tower|mill|chapel|factory|barn|theatre|palace|hospital|prison|windmill> was built of <brick|wood|stone|iron|concrete|glass|clay|marble> in {#ly:1701-1990}.
A <thick|thin|soft|sharp|smooth|rough|sticky|dusty|hollow|golden|silver|wooden|leather|cotton|woollen|plastic> <rope|blanket|knife|stone|button|ribbon|needle|cushion|handle|curtain|carpet|belt|spoon|bottle> lay on the <floor|shelf|stairs|windowsill|counter|doorstep|grass|deck>.
The <museum|gallery|library|cinema|bakery|pharmacy|post office|swimming pool|market|zoo|bank|bookshop> opens at <eight|nine|ten> and closes at <five|six|seven>, except on {~weekday}.
The <judge|mayor|minister|lawyer|soldier|nurse|pilot|sailor|king|queen|prince|clown|magician|thief|detective|poet|painter> <arrived|left|returned|vanished|waited|apologised|complained|confessed> <without a word|at last|in a hurry|with a grin|before sunrise|in the rain|by bicycle>.
Put the <onions|mushrooms|potatoes|peppers|tomatoes|beans|apples|pears|plums|cherries|almonds|walnuts> in a <pan|pot|bowl|jar|dish>, add <salt|pepper|oil|cream|cinnamon|vinegar|lemon juice|honey|mustard>, and <stir|wait|boil|fry|bake|simmer|roast> for {#lc:5-60/5} minutes.
An <eagle|elephant|otter|ostrich|octopus|ant|eel|owl|oyster> is <larger|smaller|faster|slower|older|louder|wiser|lighter> than a <whale|lion|tiger|wolf|bear|monkey|camel|frog|snake|spider|butterfly|beetle|salmon|shark|penguin|dolphin|bat> in <the story|my drawing|that poem|the old song>.
If the <road|path|river|door|window|gate|valve|pipe> is <blocked|frozen|locked|open|narrow|steep|leaking>, <turn back|call for help|use the other one|wait until morning|knock twice|bring a torch>.
The <blue|red|green|small|large|left|right|upper|lower|middle> <lever|button|switch|knob|valve|dial|pedal|handle> <starts|stops|lifts|lowers|heats|cools|locks|opens|tilts> the <pump|crane|drum|lid|engine|belt|door|boiler|tray|winch>.
";
