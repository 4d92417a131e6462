//! Sentences from many trades, with verbs and objects that fit each other.

pub(super) const TRADES: &str = r"
@trade act
The <compiler|linter|debugger|profiler|scheduler|kernel|driver|interpreter> <rejected|flagged|skipped|accepted|optimised|reported> the <function|macro|loop|pointer|variable|branch|import|template|closure|iterator|struct> <on line {#tl:3-900}|at startup|without a reason|after the upgrade>.
We <encrypted|compressed|copied|archived|truncated|replicated|partitioned|indexed|sampled> the <table|bucket|snapshot|volume|cluster|stream|topic|shard|directory|archive> <overnight|before the audit|in {~number} steps|on {~weekday}>.
The <server|router|switch|modem|antenna|firewall|proxy|laptop|printer|keyboard> <rebooted|overheated|crashed|froze|recovered|timed out|restarted> after {#tm:2-55} minutes of <traffic|silence|testing|idle time|heavy load>.
The <nurse|surgeon|midwife|paramedic|radiologist|pharmacist|therapist|dentist> <checked|recorded|measured|noted|questioned> the <pulse|dose|fever|wound|blood pressure|allergy|heartbeat|oxygen level|bandage|stitches|cough|rash|fracture> <twice|at once|every hour|before surgery|after lunch>.
The patient <slept|recovered|complained|improved|fainted|walked|refused treatment> after the <operation|injection|infusion|scan|transfusion|diet|exercise|diagnosis>.
The <bank|lender|insurer|broker|auditor|treasurer|accountant|investor> <approved|declined|delayed|questioned|signed|cancelled|postponed> the <loan|transfer|claim|refund|budget|deposit|dividend|merger|mortgage|contract|invoice|pension> of {#tb:12-990} <dollars|euros|pounds|yen|francs>.
<Prices|Wages|Rents|Taxes|Profits|Losses|Fees|Savings|Exports|Imports|Debts|Salaries> <rose|fell|doubled|dropped|grew|shrank> by {#tp:2-40} percent <last year|since {~month}|during the crisis|after the election|in one quarter>.
The <truck|van|barge|freight train|tanker|crane|forklift|cargo plane|tugboat> <carried|unloaded|delivered|moved|lost> {#tt:2-90} <tons|crates|barrels|pallets|sacks> of <grain|gravel|timber|coal|cement|bananas|furniture|paper|steel|fertiliser|cotton|copper> to {~city}.
The <driver|dispatcher|courier|captain|customs officer|dock worker|forwarder> <stamped|weighed|sealed|inspected|misread|signed> the <container|manifest|label|waybill|trailer|hatch|parcel|permit|barcode>.
The <turbine|generator|reactor|dam|solar panel|boiler|substation|transformer|heat pump|cable> <produced|supplied|lost|stored> {#tw:2-950} <watts|kilowatts|megawatts> <at noon|in winter|during the storm|on a calm day|at peak demand>.
The grid <held|tripped|recovered|was stable|was overloaded> when the <wind|sun|voltage|frequency|demand|load|temperature> <dropped|rose|changed|swung>.
The robot <lifted|dropped|sorted|scanned|welded|stacked|rotated|avoided|pushed> the <box|bottle|bolt|panel|tray|cone|wheel|gear|bracket|lid> with its <gripper|left arm|magnet|suction cup|camera|blade>.
The <motor|joint|encoder|gyroscope|actuator|bearing|chain|spring|axle|hinge> was <loose|worn|bent|noisy|hot|misaligned|greasy|jammed|rusty>, so we <replaced|tightened|cooled|oiled|adjusted|sanded> it.
The <farmer|shepherd|beekeeper|gardener|miller|vet> <fed|counted|moved|sold|sheared|watched> the <cows|sheep|goats|hens|bees|pigs|horses|geese|lambs|calves> <at dawn|before the frost|in the upper field|behind the barn>.
The <wheat|barley|maize|rice|clover|potato|apple|grape|olive|hay> harvest was <poor|rich|early|late|wet|average|ruined> because of the <drought|frost|hail|beetles|mild winter|flood|heat|fungus|wind>.
The <teacher|lecturer|tutor|headmaster|examiner> <explained|repeated|graded|praised|corrected|postponed> the <essay|exam|lesson|poem|equation|experiment|homework|spelling|dictation|lecture>.
The <student|pupil|class|freshman|graduate> <asked|guessed|argued|wondered|proved|doubted|understood> that <the sum was wrong|fractions are easy|the planet is round|light bends in water|salt lowers the freezing point|iron expands in heat|sound needs air|the heart is a muscle>.
The <editor|reporter|publisher|translator|novelist|critic|columnist> <cut|rewrote|rejected|praised|printed|translated> the <chapter|headline|interview|caption|paragraph|preface|review|manuscript|footnote|obituary>.
The <actor|director|cameraman|composer|dancer|painter|sculptor> <rehearsed|improvised|forgot|finished|filmed|sketched> the <scene|portrait|melody|dialogue|statue|finale|overture|costume|backdrop|mural>.
The <council|ministry|court|parliament|agency|union|embassy|committee> <announced|debated|approved|blocked|repealed|funded|published> the <law|tax|budget|treaty|election|road works|report|strike|permit|pension reform|curfew>.
The <welder|foreman|machinist|smith|glazier|mason|roofer|plasterer> <measured|cut|polished|bent|hammered|glued|drilled> the <beam|pipe|sheet|frame|tile|window|rail|bolt|plank|girder|gutter> <to size|by hand|twice|with care|in the rain>.
The <furnace|press|lathe|saw|mixer|loom|kiln|conveyor|compressor> <ran|stood still|smoked|rattled|hummed|leaked> for {~number} <hours|days|shifts|weeks>, and the <foreman|apprentice|owner|inspector> <wrote a report|called the supplier|lost patience|ordered spare parts>.
The <sample|solution|acid|crystal|powder|liquid|gas|mixture|alloy> <melted|boiled|dissolved|evaporated|turned blue|exploded|hardened|cooled|glowed> at {#tc:12-980} degrees.
The <telescope|satellite|probe|rocket|rover|antenna array> <photographed|missed|tracked|reached|orbited> the <comet|moon|asteroid|planet|star|galaxy|eclipse|crater> in {#ty:1969-2025}.
The <referee|goalkeeper|coach|striker|captain|swimmer|runner|cyclist|boxer|jockey> <won|lost|slipped|protested|retired|trained|stumbled|celebrated> in the <first|last|final|second> <round|minute|lap|match|season|race|set>.
The <lawyer|witness|defendant|jury|clerk|notary|prosecutor> <denied|signed|doubted|described|ignored|remembered> the <accident|theft|agreement|evidence|letter|fraud|alibi|will|robbery|lease>.
The <customer|tourist|tenant|passenger|visitor|guest|stranger> <demanded|requested|expected|returned|praised|refused> <a refund|a receipt|a window seat|clean towels|a key|an apology|a map|a quiet room|a blanket|breakfast>.
The survey found that {#ts:11-89} percent of <commuters|parents|retirees|teenagers|tourists|nurses|voters|cyclists|widows|bachelors> <sleep badly|walk daily|prefer tea|own a bicycle|distrust banks|avoid lifts|read newspapers|dislike meetings|cook at home|save money>.
<Although|Because|While|Since> the <budget|license|deadline|schedule|strategy|proposal|negotiation|vendor> is <uncertain|expensive|unrealistic|obvious|generous|ambitious|vague|reasonable>, we <continue|wait|hesitate|prepare|compromise|insist|disagree>.
The <news|letter|silence|result|question|speech|delay|gift|song> made me {~feel}, and my {~kin} was {~feel} too.
I {~adverb} <speak|write|travel|argue|sing|complain|dream|shop|vote> <with|about|without> my {~kin}.
<However|Therefore|Instead|Meanwhile|Otherwise|Nevertheless|Fortunately|Unfortunately|Eventually|Suddenly|Apparently|Finally|Perhaps|Afterwards|Besides|Moreover>, the <result|answer|experiment|decision|attempt|explanation|improvement|argument> was <convincing|disappointing|accurate|useless|interesting|misleading|impressive|temporary|permanent|necessary|harmless|dangerous|sufficient>.
";
