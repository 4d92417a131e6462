//! Word lists: people, firms, places, systems and the words of each trade.

pub(super) const WORDS: &str = r"
syla: Bren; Tol; Har; Mer; Quil; Osk; Vel; Dor; Fen; Lum; Cas; Ner; Pell; Ald; Wick; Sten; Thorn; Kel; Rav; Ist; Mar; Bel; Gren; Hol; Jas; Lor; Nim; Ord; Pim; Sol; Tarn; Ush; Vor; Wen; Yar; Zel; Corr; Dun; Ell; Fal
sylb: vale; mer; row; ton; field; wick; by; stead; gate; ford; mont; lane; dale; well; ridge; more; ley; port; holm; den; wood; ham; stone; brook; hurst; ora; ane; ix; eta; ow
oname: {~syla}{~sylb}; {~syla}{~sylb}; {~syla}{~sylb}; {~syla}{~sylb}; Harrow; Juniper; Copper Lane; Northfield; Redwick; Blue Anchor; Saltmarsh; Foxglove; Greystone; Linden; Marigold; Pine Hollow; Quarry; Seven Oaks; Tidewater; Underhill; Westbrook; Amberly; Birchwood; Cobalt; Driftwood; Elmstead; Fernhill; Granite; Hazel; Ironbridge; Kingfisher; Lighthouse; Meadow; Nettle; Orchard; Pebble; Riverside; Sparrow; Thistle; Willow; Bright; Clearwater; Stonegate; Moorland; Highfield; Long Acre; Whitecap; Silver Birch; Old Mill; Crescent
org: {~oname} {~otail}; {~oname} {~otail}; {~oname} {~otail}; {~oname}; {~oname} {~otailg}
otailg: Labs; Systems; Software; Works; Group; Technologies; Partners; Studio; Digital; Research
otail@software: Cloud; Hosting; Code; Platform; Networks; Security; Compute
otail@logistics: Freight; Shipping; Logistics; Couriers; Haulage; Parcels; Lines
otail@health: Health; Clinics; Medical; Care; Diagnostics; Pharma; Hospitals
otail@finance: Bank; Pay; Capital; Insurance; Credit; Savings; Trading
otail@energy: Power; Energy; Grid; Solar; Wind; Electric; Utilities
otail@robotics: Robotics; Automation; Motion; Drones; Machines; Dynamics
otail@retail: Market; Stores; Foods; Retail; Grocers; Outfitters; Bakery
otail@education: Learning; Academy; Books; Schools; Tutors; Press
otail@telecom: Mobile; Telecom; Broadband; Wireless; Signal; Fibre
otail@farming: Farms; Dairy; Seeds; Harvest; Growers; Mills
otail@media: Media; Radio; Studios; News; Films; Music; Games
otail@public: Council; Transit; Archives; Water; Housing; Libraries; Rail
otail@factory: Steel; Glass; Tools; Textiles; Ceramics; Engines; Plastics
domainname@software: cloud software
domainname@logistics: freight and delivery
domainname@health: health care
domainname@finance: banking and payments
domainname@energy: the energy industry
domainname@robotics: robotics
domainname@retail: online retail
domainname@education: education
domainname@telecom: telecoms
domainname@farming: farming
domainname@media: media and games
domainname@public: the public sector
domainname@factory: manufacturing
users: customers; support staff; analysts; engineers; new users; managers; partners; auditors
users@software: developers; site owners; administrators; on-call engineers; contributors; testers
users@logistics: dispatchers; drivers; couriers; warehouse staff; planners; dock workers; customs agents
users@health: nurses; doctors; patients; pharmacists; surgeons; receptionists; lab technicians; midwives; therapists
users@finance: traders; accountants; merchants; borrowers; brokers; tellers; underwriters; savers
users@energy: grid operators; field engineers; electricians; home owners; meter readers; plant managers
users@robotics: operators; pilots; mechanics; surveyors; warehouse pickers; lab researchers
users@retail: shoppers; cashiers; shop managers; suppliers; buyers; bakers; florists
users@education: teachers; students; parents; tutors; lecturers; librarians; examiners; pupils
users@telecom: subscribers; network planners; technicians; call agents; installers
users@farming: farmers; growers; vets; millers; beekeepers; shepherds; gardeners
users@media: editors; listeners; players; reporters; producers; animators; composers; photographers
users@public: citizens; clerks; passengers; tenants; planners; inspectors; volunteers; archivists
users@factory: machine operators; welders; foremen; quality inspectors; weavers; toolmakers
records: events; messages; requests; reports; records; files
records@software: builds; logs; deploys; crash reports; tickets; sessions; packages
records@logistics: parcels; pallets; containers; shipments; delivery notes; routes; customs forms
records@health: blood tests; prescriptions; appointments; scans; lab results; referrals; vaccinations
records@finance: payments; invoices; trades; loans; card transactions; refunds; claims; mortgages
records@energy: meter readings; outages; sensor readings; tariffs; switch orders; turbine alarms
records@robotics: camera frames; test flights; motor readings; maps; grasp attempts; lidar scans
records@retail: orders; baskets; coupons; returns; price tags; receipts; stock counts
records@education: essays; exams; lessons; grades; reading lists; enrolments; quizzes
records@telecom: calls; text messages; line faults; sim cards; network alarms; top-ups
records@farming: harvests; soil samples; milk yields; weather readings; seed orders; herd records
records@media: articles; recordings; episodes; photographs; matches; subtitles; playlists
records@public: permits; bus tickets; complaints; census forms; planning letters; tax returns
records@factory: work orders; castings; batches; defect photos; machine cycles; inspection sheets
mod: search; account; audit; report; alert; event; email; config; identity; document
mod@software: build; deploy; logging; package; login; token; backup; webhook; container
mod@logistics: route; parcel; fleet; pallet; dispatch; warehouse; customs; tracking; depot
mod@health: patient; ward; triage; prescription; appointment; imaging; consent; allergy
mod@finance: payment; ledger; fraud; invoice; settlement; pricing; risk; pension; loan
mod@energy: meter; outage; grid; battery; tariff; turbine; solar; charging; demand
mod@robotics: motion; vision; gripper; mapping; arm; drone; navigation; sensor; safety
mod@retail: basket; checkout; stock; coupon; catalogue; returns; shelf; delivery slot
mod@education: exam; grading; lesson; timetable; homework; enrolment; reading; library
mod@telecom: call; roaming; billing; signal; network; voicemail; number transfer; antenna
mod@farming: harvest; irrigation; herd; soil; weather; grain; milk; orchard; tractor
mod@media: playlist; subtitle; newsroom; photo; video; match; lobby; podcast; streaming
mod@public: permit; timetable; ticket; housing; census; planning; complaints; archive; water
mod@factory: furnace; quality; maintenance; assembly; order; mould; packing; spare parts
syskind: service; planner; dashboard; pipeline; scheduler; queue; store; gateway; engine; tracker; viewer; importer; app; portal; simulator; monitor; parser; cache; index; calculator
domainname: science; public transport; developer tools; medicine; education; games; robotics; clean energy; payments; mapping
sys: {~mod} {~syskind}
sysadj: small; fast; simple; shared; internal; public; offline; mobile; real-time; nightly; web-based; self-service; searchable; plain
thing: a {~mod} {~syskind} for {~users}; a {~sysadj} {~mod} {~syskind}; a {~mod} {~syskind} that handles {~records}; a {~sysadj} {~syskind} for {~records}; the {~mod} {~syskind}; a tool that checks {~records} before they reach {~users}; a {~sysadj} app that lets {~users} search {~records}; a {~syskind} that sorts {~records} by <age|size|region|owner|priority|price|status>; an alarm that warns {~users} about late {~records}; a command-line tool that compares {~records}
thing@software: a build cache; a code search tool; a feature flag service; a backup tool for databases; a log viewer that works offline; a deploy bot
thing@logistics: a route planner for vans; a system that prints shipping labels; a loading planner for trucks; a map of every depot; a ferry booking service
thing@health: a ward screen that shows free beds; a reminder service for appointments; a drug interaction checker; a blood bank inventory; a triage form
thing@finance: a double-entry ledger; a fraud score for card payments; a currency converter; a loan calculator; a tool that matches invoices to payments
thing@energy: a forecast of wind power; a charging planner for electric buses; an outage map; a battery controller; a model of the local grid
thing@robotics: a motion planner for a six-axis arm; a gripper controller; a mapping system for drones; a safety stop for mobile robots; a camera calibration tool
thing@retail: a checkout page; a stock counter for small shops; a price comparison tool; a recommender for groceries; a returns desk
thing@education: a grading tool for essays; a timetable builder; a reading app for children; an exam server; a plagiarism checker
thing@telecom: a call router; a fault map for fibre lines; a billing engine; a spam filter for text messages; a coverage planner
thing@farming: an irrigation controller; a milk yield tracker; a soil moisture sensor network; a weather station; a tractor guidance system
thing@media: a video encoder; a match-making server; a subtitle editor; a podcast player; a newsroom archive
thing@public: a permit portal; a bus arrival board; a library catalogue; a water quality map; a housing waiting list
thing@factory: a furnace controller; a defect detector for glass; a spare parts catalogue; a shift planner; a digital twin of a press line
seniority: ; ; senior; lead; junior; principal; staff
role: {~seniority} {~rolebase}; {~rolebase}
rolebase: software engineer; backend engineer; data engineer; platform engineer; product engineer; test engineer; site reliability engineer; engineering manager; systems architect; frontend developer; security engineer; data analyst; machine learning engineer; technical writer; database administrator; mobile developer
rolebase@robotics: controls engineer; firmware engineer; robotics engineer; mechanical engineer
rolebase@energy: electrical engineer; power systems engineer; energy analyst
rolebase@health: clinical data scientist; bioinformatics engineer; medical device engineer
rolebase@finance: quantitative developer; risk analyst; payments engineer
rolebase@factory: process engineer; automation engineer; quality engineer; embedded engineer
rolebase@logistics: operations researcher; supply chain analyst; fleet engineer
rolebase@telecom: network engineer; radio engineer
rolebase@education: learning designer; curriculum developer
rolebase@media: graphics programmer; audio engineer; game developer
rolebase@public: transport planner; map engineer; statistician
rolebase@farming: sensor engineer; agronomist; remote sensing engineer
lang: Rust; Go; Python; Java; Kotlin; Swift; C; C++; TypeScript; JavaScript; Ruby; Elixir; Erlang; Scala; Haskell; OCaml; Perl; PHP; Julia; Zig; Lua; Clojure; Fortran; Ada; C#; Bash
db: PostgreSQL; MySQL; SQLite; Redis; MongoDB; Cassandra; ClickHouse; DuckDB; Oracle; MariaDB; DynamoDB; Elasticsearch; Neo4j; InfluxDB; CockroachDB; RocksDB
tool: Git; Docker; Kubernetes; Terraform; Ansible; Kafka; RabbitMQ; Nginx; Grafana; Prometheus; Spark; Airflow; Jenkins; PyTorch; NumPy; Pandas; React; Django; Flask; Rails; Spring; Excel; Jupyter; Vim; Emacs; Make; Bazel; Nix; Linux; Postman; Wireshark; Tableau
cloud: AWS; Azure; Google Cloud; our own data centre; two rented servers; a private cloud; a rack in the basement; bare metal
city: Lisbon; Oslo; Ghent; Turin; Leeds; Bergen; Porto; Graz; Lyon; Riga; Tallinn; Cork; Bristol; Basel; Malmö; Gdansk; Seville; Nantes; Utrecht; Aarhus; Bologna; Vilnius; Dresden; Zagreb; Brno; Cardiff; Toronto; Boston; Denver; Austin; Seattle; Montreal; Halifax; Portland; Chicago; Nairobi; Accra; Cairo; Lagos; Cape Town; Mumbai; Pune; Delhi; Osaka; Kyoto; Seoul; Taipei; Singapore; Hanoi; Bangkok; Manila; Perth; Sydney; Wellington; Auckland; Santiago; Lima; Bogota; Quito; Montevideo; Athens; Izmir; Sofia; Ljubljana; Geneva; Antwerp; Hamburg; Bremen; Vienna; Prague; Madrid; Dublin; Glasgow; Reykjavik; Helsinki; Tampere
town: {~city}
country: Portugal; Norway; Belgium; Italy; Canada; Kenya; Ghana; India; Japan; Chile; Peru; Greece; Turkey; Austria; Estonia; Latvia; Iceland; Finland; Ireland; Spain; Denmark; Poland; Brazil; Mexico; Vietnam; Australia
month: January; February; March; April; May; June; July; August; September; October; November; December
weekday: Monday; Tuesday; Wednesday; Thursday; Friday; Saturday; Sunday
season: spring; summer; autumn; winter
school: the University of {~city}; {~syla}{~sylb} University; {~syla}{~sylb} College; {~city} Institute of Technology; the Technical University of {~city}; {~oname} College; the {~city} School of Engineering
subject: computer science; mathematics; physics; electrical engineering; mechanical engineering; statistics; chemistry; biology; economics; linguistics; philosophy; geography; history; music; industrial design; civil engineering; operations research; geology; psychology; information systems; architecture; astronomy
degree: bachelor's degree; master's degree; doctorate; diploma
project: {~projname}; {~projname}; {~syla}{~sylb}
projname: Lantern; Kestrel; Pebble; Compass; Anvil; Thimble; Sundial; Beacon; Otter; Magpie; Tugboat; Walnut; Orbit; Puffin; Teapot; Abacus; Harbour; Mosaic; Paperclip; Quill; Ratchet; Signpost; Trellis; Umbrella; Windmill; Acorn; Badger; Cinder; Dovetail; Ember; Flint; Gannet; Hopper; Inkwell; Jigsaw; Lattice; Marble; Notebook; Pocket; Sawmill; Turnstile; Velvet; Wren; Zephyr; Bobbin; Clover; Domino; Falcon; Gizmo; Heron
pkg: {~pkga}{~pkgb}; {~pkga}-{~pkgb}
pkga: log; tiny; quick; pocket; safe; flat; cron; json; path; grid; bit; paper; route; type; text; plot; disk; clock; mini; table
pkgb: wise; box; kit; sift; mill; tap; fold; watch; scope; trail; deck; forge; lint; map; sync; pack; split; bench; cat; view
first: Anouk; Bastian; Calla; Dario; Elowen; Fintan; Greta; Hollis; Ines; Jonna; Kalle; Lorcan; Mirela; Nadir; Orla; Petra; Quentin; Rosalind; Sanna; Tavi; Ulla; Vesna; Wim; Xenia; Yusra; Zoltan; Amadi; Brisa; Corin; Delphine; Emre; Farah; Goran; Hana; Ilse; Joost; Kirsi; Leif; Maren; Nils; Odile; Pavel; Rafi; Signe; Teun; Una; Viggo; Wanda; Yara; Zora; Alma; Benat; Cosima; Dov; Elif; Fenna; Gael; Hedda; Ivo; Jette
framework: React; Django; Rails; Flask; Spring; Phoenix; Vue; Angular; Laravel; Next
sport: cycling; running; swimming; rowing; climbing; sailing; skiing; hiking; fencing; badminton; table tennis; tennis; football; volleyball; judo; karate; skating; archery; surfing; basketball; cricket; rugby; yoga; orienteering
instrument: the piano; the cello; the violin; the guitar; the trumpet; the accordion; the flute; the drums; the clarinet; the harp; the banjo; the oboe; the trombone; the saxophone; the double bass
craft: woodworking; pottery; knitting; baking bread; growing tomatoes; keeping bees; restoring old radios; bird watching; film photography; book binding; playing chess; painting; sewing; brewing cider; fixing bicycles; building model trains; drawing maps; gardening; calligraphy; solving crossword puzzles; astronomy; fishing; juggling; mending clocks; making cheese; origami; foraging for mushrooms; repairing typewriters; weaving; carving spoons; singing in a choir; pressing flowers; cooking; reading novels; learning sign language
language: Spanish; French; German; Italian; Portuguese; Dutch; Polish; Swedish; Finnish; Greek; Turkish; Arabic; Hindi; Japanese; Korean; Mandarin; Swahili; Danish; Czech; Welsh
food: porridge; lentil soup; sourdough bread; noodles; pancakes; rice and beans; apple pie; roast potatoes; omelettes; dumplings; curry; goulash; risotto; tomato salad; pickled cabbage; grilled fish; cheese toast; mushroom stew; ginger biscuits; rhubarb crumble; carrot cake; garlic bread; chestnut cake; barley broth; plum jam; waffles; pizza; paella; ravioli; tacos
drink: coffee; green tea; black tea; mint tea; tap water; cocoa; apple juice; lemonade; oat milk; ginger beer
pet: a grey cat; two cats; an old dog; a rabbit; a tortoise; three hens; a parrot; a greyhound; a hamster; a goldfish; a spaniel; a pair of finches; a donkey; a terrier; an axolotl
object: kettle; lamp; chair; bicycle; garden shed; radio; toaster; clock; ladder; gate; fence; boat; piano; oven; washing machine; lawn mower; heater; door bell; bookshelf; sewing machine; camera; wheelbarrow; greenhouse; tent; typewriter; sofa; mirror; cupboard; scooter; printer; hammock; canoe; telescope; pump; umbrella; suitcase; teapot; chimney; guitar; doorbell; fridge; dishwasher; blender; drill; mailbox; stove; bench; birdhouse; rowing machine; record player
number: two; three; four; five; six; seven; eight; nine; ten; eleven; twelve; fifteen; twenty
ordinal: first; second; third; fourth; fifth; sixth
latunit: milliseconds; seconds; minutes
currency: dollars; euros; pounds; francs; kroner; yen
when: in {#wy:2006-2025}; in {~month} {#wy:2006-2025}; in the {~season} of {#wy:2006-2025}
adverb: slowly; quickly; carefully; quietly; gladly; rarely; often; mostly; usually; always
feel: proud; tired; curious; nervous; calm; relieved; surprised; sad; glad; annoyed; bored; grateful; lucky; embarrassed; confident; cheerful; anxious; impatient; stubborn; jealous
habit: write the test before the fix; read the logs before I guess; walk to work; keep a paper notebook; drink {~drink} before the first meeting; turn notifications off until noon; review code in the morning; write down every decision; draw the data flow before I code; ask what happens if we do nothing; clean my desk on {~weekday}; leave one small task for the next morning; delete a little code every week; take the stairs; close my laptop at six; answer email twice a day; go for a run at lunch; pair with someone new every month; sketch the screen on paper first; measure before I tune; sleep on big decisions; keep a list of open questions; reread my own old code; time every slow query; label every cable; eat lunch away from the screen; plan the week on {~weekday} morning; write the release note first; check the backups on the first of the month; ring people instead of writing long emails
reason: the project was finished; my team was moved to {~city}; I wanted to work on {~domainname}; the firm was sold; I missed writing code; the commute ate two hours a day; I wanted a smaller team; the product lost its users; my contract ended; I wanted to go back to study; the new owners closed the office; I was bored after the launch; my partner found a job in {~city}; we stopped talking to the users; I had stopped learning; they wanted a manager and I wanted to build; the grant ran out
hard: the time zones; agreeing on what {~records} mean; the old data; the last two percent; deleting the system it replaced; getting the users to trust it; the error messages; working without a network; the rounding of money; testing it without real {~records}; explaining it to the users; keeping both versions running; the permissions; the weather; the paper forms; the naming; a protocol from {#hy:1978-2004} without a manual; the battery life; the noise in the sensors; finding out who owned the data
check: replaying a week of real {~records}; running the old and the new version side by side; pulling the plug and watching; sitting beside {~users} for a day; feeding it random {~records}; comparing every total with a spreadsheet; simulating a slow network; asking {~first} to break it; checking the results by hand on {~weekday}; restoring a backup and starting again; injecting faults every hour; running it in one depot first
firstjob: delivering newspapers; washing dishes in a hotel; picking strawberries; stacking shelves in a supermarket; repairing phones; teaching swimming; answering calls in a bank; selling ice cream at the beach; feeding calves on a farm; typing invoices; sorting letters; cleaning boats; tuning pianos; fixing printers at a school; walking dogs; packing boxes at night; scanning old maps; building web pages for shops; testing video games; painting fences; guiding tourists
advice: read more code than you write; ask the stupid question early; learn one language well; write down what surprised you; keep the change small; talk to the users every week; do not guess when you can measure; sleep before you send the angry email; make it work and then make it fast; delete what you do not need; read the error message twice; say no to one thing each week; show unfinished work; learn to write clearly; leave the code cleaner than you found it; find out who gets the phone call at night; trust the numbers and check the units; finish the dull half of the job
quality: people who say when they do not know; clear writing; curiosity about old code; people who finish things; kindness under pressure; good questions; a calm way of reading errors; people who test their own ideas; patience; an eye for detail; people who have broken something and fixed it; humour; somebody who listens first; honesty about estimates
thesis: how {~records} are lost between two systems; sorting {~records} on small machines; the history of the {~objmod} clock; predicting {~season} floods from river gauges; the sound of bridges in wind; queues in train stations; compression of {~records}; fair sharing of a slow network; how bees find flowers; errors in handwritten {~records}; the cooling of large transformers; teaching fractions with paper; rumours in small towns; how robots lose their balance; the price of salt in old ports; the growth of ice on power lines; scheduling {~records} under deadlines; noise in cheap sensors; the grammar of road signs; how {~users} read charts; cracks in old concrete; the tides near {~city}; the cost of waiting in hospitals; maps without a compass
objmod: wooden; portable; public; railway; electric; paper
cert: AWS Architect; Scrum Master; Kubernetes Administrator; Linux Engineer; Network Associate; Security Professional; Project Manager; Data Engineer; First Aid; Crane Driver; Radio Operator; Six Sigma; Cloud Practitioner; Oracle Administrator; Safety Inspector; Drone Pilot; Chartered Engineer; Ethical Hacker
conf: {~confa} {~confb} in {~city}; {~confa} {~confb}; {~city} {~confb}; {~city} {~confa} {~confb}
confa: Data; Cloud; Rust; Python; Robotics; Energy; Grid; Health; Freight; Systems; Query; Network; Sensor; Design; Search; Security; Testing; Open Source; Database; Hardware
confb: Days; Summit; Week; Forum; Meetup; Conference; Camp; Workshop; Symposium; Fair
talk: <Small|Quiet|Slow|Honest|Cheap|Boring|Cold|Lost> <Queues|Machines|Tables|Networks|Logs|Robots|Grids|Maps|Alarms|Clocks> <at Night|in Production|on a Budget|Without Fear|for Beginners|under Load|on Old Hardware>; How We Lost <a Queue|a Table|our Logs|the Clock|an Index> and Found It Again; What <Nurses|Drivers|Farmers|Sailors|Bakers|Teachers> Taught Me about <Software|Data|Alarms|Testing|Design>; <Measuring|Breaking|Mending|Teaching|Counting|Deleting> <Things|Systems|Queues|Robots|Models|Maps>; The <Last|First|Missing> <Percent|Mile|Minute|Byte|Log Line>
pet_thing: a small <app|program|website|script|game|bot> that <counts birds|finds the cheapest train|sorts old photographs|prints recipes|plans hikes|reads water meters|tunes {~instrument}|draws tide tables|teaches {~language} words|finds empty tennis courts|tracks library loans|identifies mushrooms|turns log files into charts|renames music files|warns me before rain|maps public fountains|compares bread prices|plays chess slowly|checks bicycle routes|wakes {~pet}|reminds me to water the plants|reads {~records}|formats {~records}|checks links|removes duplicate files>
vehicle: bicycle; train; bus; tram; ferry; car; scooter; metro; foot and ferry; cargo bike
booktopic: bridges; the history of salt; sailing ships; how cities get water; statistics; famines; railways; the moon landings; bees; old maps; disasters at sea; languages; handwriting; fermentation; volcanoes; trees; glass making; lighthouse keepers; mathematics; weather; medicine before soap; the ocean floor; clocks; trade routes; concrete; birds; memory; bad decisions; codes and spies; the first computers
newskill: {~language}; {~lang}; statistics; public speaking; drawing; welding; how to read contracts; electronics; cooking without recipes; sailing; how compilers work; radio; control theory; bookkeeping; graphics programming; sign language; how to sharpen tools; writing short emails; machine learning; how to grow vegetables
mistake: deleted the wrong table; trusted the backup without testing it; said yes to every request; shipped on a Friday; ignored a small warning for a month; hired too fast; built it before I talked to {~users}; mixed up metres and feet; kept a bad design because it was mine; promised a date I could not keep; wrote my own database; forgot about daylight saving time; sent a test email to every customer; left the debug flag on; waited too long to ask for help; tuned the wrong query for a week; skipped the load test
award: Golden Wrench; Engineer of the Year prize; Best Paper award; Quiet Hero award; Safety Prize; Innovation Prize; Customer Choice award; Hack Day trophy; Young Researcher prize; Green Idea award; Mentor of the Year award; Founders Medal
charity: a food bank; a repair cafe; an animal shelter; a coding club for children; the mountain rescue; a hospice; a public library; a community garden; a bicycle workshop; a soup kitchen; a chess club; the lifeboat station; a language cafe; a youth theatre; the blood donor service; a toy library
speedway: adding an index; batching the reads; caching the lookups; removing a lock; fixing one query; dropping a network hop; reusing connections; sorting the data on disk; compressing the payload; moving work to the night; reading each record once; throwing out an unused join; copying less memory; warming the cache before dawn; using a smaller image; splitting the table by month; asking for fewer columns; replacing a loop with a hash map
errway: checking every input; adding retries with a limit; writing better tests; fixing the time zones; rejecting broken records early; naming the units; cleaning the imports; rewriting the parser; adding a schema; replaying old failures; removing a race condition; pinning the versions; reading the error log every morning; asking {~users} what they had typed
costway: turning off unused machines; moving old files to cheap storage; replacing three services with one; shrinking the images; deleting duplicate logs; renting smaller servers; buying two used machines; ending a licence nobody used; compressing the backups; running the batch jobs at night; sharing one database; cancelling four subscriptions; reading the bill line by line
testway: running tests in parallel; deleting the flaky ones; using a smaller database; removing sleeps; splitting the slow ones; deleting duplicates; keeping the build warm; faking the network; starting the server only once; testing only what had changed
langwhy: the team knew it; it starts fast; it is easy to read; the libraries were good; memory was short; the compiler is strict; it runs anywhere; hiring was easy; I wanted no surprises; the vendor supported it; it handles many connections
qframe: Quick question. §; Hi. §; Hello! §; § Please be brief.; § A short answer is enough.; I read your resume. §; One more question. §; Be honest. §; § I am curious.; Thank you for your time. §; § One or two sentences, please.; Good morning. §; I have wondered about this. §; Before we start, a question. §; § I forgot.; Sorry to interrupt. §
intro: I am a {role}.; I am a {role} in {city}.; A few words about me.; Hello, I am a {role}.; Here is a short version of my story.; My name does not matter here.; I write this on a {~weekday} in {~month}.; People often ask how I got here.; Some notes from my {~season}.; Good evening from {city}.; I was asked to introduce myself.; This is for the new people on the team.
aside: I would do it again.; Ask me more if you like.; That is the short version.; It suited me.; There is a longer story.; I learned a lot from it.; It was not planned.; {~first} can tell you more.; That still surprises people.; It sounds bigger than it is.; I seldom talk about it.; I could be wrong about the details.; Nobody forced me.; People ask me that often.; I can show you some day.; Most of it was luck.; It took patience and {~drink}.; I remember it well.; My family finds it funny.; I wrote it down somewhere.;
kin: sister; brother; mother; father; uncle; aunt; cousin; grandmother; grandfather; neighbour; daughter; son; colleague; boss; friend; partner; wife; husband; flatmate; teacher
opener: Good question.; Gladly.; Let me think.; Sure.; That is easy.; In short:; To be exact:; As far as I remember:; Yes, happy to answer.; Thanks for asking.; A simple answer:; The plain truth:
";
