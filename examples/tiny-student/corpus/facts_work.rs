//! Facts about somebody's work: how they are asked for, how a text states them and how the
//! person answers. Lines: `# group`, `d` numbers to draw first, `q` question, `c` sentence in a
//! text, `b` resume bullet, `a` answer, `A` answer with details that no text states, `k` the
//! detail that text and answer share.

pub(super) const WORK: &str = r"
# built
q What did you build at {org}?
q At {org}, what were you responsible for building?
q What was the main thing you made at {org}?
q Which system did you build <while you were at|during your time at> {org}?
q Tell me what you <built|developed|created> at {org}.
q When you worked at {org}, what did you build?
q What were you in charge of building for {org}?
q Can you describe the thing you <built|delivered> at {org}?
c At {org} I built {thing} in {lang}.
c I joined {org} as a {role} and <designed|built|developed> {thing}.
c My job at {org} was {thing}, from the first sketch to the launch.
b {org}: <built|designed and built|developed> {thing} in {lang}.
b As {role} at {org}, delivered {thing}.
a At {org} I built {thing}.
A I built {thing} there, and I looked after it until I left {org}.
a The main thing I built at {org} was {thing}.
A {thing}. I designed it, wrote most of it and kept it running at {org}.
k {thing}

# lang
q Which programming language did you use for the {sys}?
q What language <is|was> the {sys} written in?
q In which language did you write the {sys}?
q What did you write the {sys} in?
q Which language did you pick for the {sys} at {org}?
q The {sys}, which language is it in?
q What programming language runs the {sys}?
c The {sys} is written in {lang}.
c I wrote the {sys} in {lang}, which surprised <nobody|my boss|the team>.
c For the {sys} I picked {lang} because {langwhy}.
b Wrote the {sys} in {lang} for {#u:5-900/5} {users}.
b {lang}: implemented the {sys} and its tests.
a I wrote the {sys} in {lang}.
a It is in {lang}. I would pick it again for the {sys}.
a The {sys} runs on {lang}, from the parser to the tests.
k {lang}

# rewrite
q Which language did you move the {sys} to?
q What did you rewrite the {sys} from, and into what?
q Why did you rewrite the {sys}, and in which language?
q You rewrote the {sys}. From what to what?
q When you rewrote the {sys}, which two languages were involved?
q What happened to the old {lang2} code of the {sys}?
c I rewrote the {sys} from {lang2} to {lang} because <it was slow|it crashed on large files|nobody could read it|it used too much memory>.
c We moved the {sys} from {lang2} to {lang} over {~number} months.
b Rewrote the {sys} from {lang2} to {lang}.
a I moved the {sys} from {lang2} to {lang}, one module at a time.
a We rewrote the {sys} from {lang2} to {lang}. The old code had become hard to change.
k from {lang2} to {lang}

# speed
d {#f:20-95/5}{#t:2-18}
q How much did you cut the <latency|response time> of the {sys}?
q By how much did the {sys} get faster?
q What was the latency of the {sys} before and after your work?
q How fast is the {sys} now, and how slow was it before?
q How much faster did you make the {sys}?
q From what to what did you bring down the response time of the {sys}?
q At {org}, how did the speed of the {sys} change?
c I cut the response time of the {sys} from {#f} to {#t} {latunit} by {speedway}.
c The {sys} took {#f} {latunit} when I joined; I brought it down from {#f} to {#t} {latunit} by {speedway}.
b Cut the latency of the {sys} from {#f} to {#t} {latunit} by {speedway}.
b Reduced response times of the {sys} from {#f} to {#t} {latunit} by {speedway}.
a I brought the {sys} down from {#f} to {#t} {latunit}.
a It went from {#f} to {#t} {latunit}. I did it by {speedway}.
a The response time of the {sys} fell from {#f} to {#t} {latunit}.
k from {#f} to {#t} {latunit}

# percent
d {#p:8-92}
q By what percentage did you reduce <errors|failures> in the {sys}?
q How many fewer errors does the {sys} make after your change?
q What share of the errors did you remove from the {sys}?
q How much did errors in the {sys} drop?
q What effect did your work have on errors in the {sys}?
q How large was the drop in errors in the {sys} at {org}?
c I reduced errors in the {sys} by {#p} percent by {errway}.
c Errors in the {sys} fell by {#p} percent, and I did it by {errway}.
b Reduced errors in the {sys} by {#p} percent by {errway}.
a Errors in the {sys} went down by {#p} percent.
a Errors in the {sys} fell by {#p} percent. I got there by {errway}.
a I reduced them by {#p} percent at {org}.
k by {#p} percent

# cost
d {#p:10-80/5}
q How much money did you save at {org}?
q By how much did you lower the <cloud|server|hosting|storage> bill at {org}?
q What did you do about costs at {org}?
q How much cheaper did {org} get to run after your work?
q How did you save money at {org}?
q What savings did you bring to {org}?
c I cut the monthly bill at {org} by {#p}% by {costway}.
b Lowered running costs at {org} by {#p}% by {costway}.
a I cut the monthly bill at {org} by {#p}% by {costway}.
A The bill went down by {#p}%, which paid for <my desk|two new hires|the next project|a better test lab>.
k by {#p}%

# volume
d {#v:2-980}
q How much <traffic|load> does the {sys} handle?
q How many {records} go through the {sys}?
q What volume does the {sys} process?
q How many {records} does the {sys} handle in a day?
q How big is the load on the {sys}?
q How many {records} a day did you deal with at {org}?
c The {sys} handles {#v} thousand {records} a day.
c On a normal day {#v} thousand {records} pass through the {sys}.
b Scaled the {sys} to {#v} thousand {records} a day.
a It handles about {#v} thousand {records} a day.
A The {sys} takes about {#v} thousand {records} on a normal day, and more on {~weekday}.
k {#v}

# users
d {#v:3-990}
q How many people use the {sys}?
q Who uses the {sys}, and how many of them are there?
q How many {users} work with the {sys}?
q How widely is the {sys} used?
q Who is the {sys} for?
q How many {users} depend on the {sys} at {org}?
c {#v} {users} use the {sys} every <day|week|morning>.
c The {sys} serves {#v} {users} in {~number} <cities|countries|regions|buildings>.
b Shipped the {sys} to {#v} {users}.
A About {#v} {users} use it, most of them every day.
A It serves {#v} {users}. I talk to a few of them each month.
a The {sys} is used by {#v} {users} at {org}.
k {#v} {users}

# database
q Which database did you use for the {sys}?
q What database is behind the {sys}?
q Where does the {sys} keep its data?
q Which data store did you choose at {org}?
q What does the {sys} use as its database?
q On which database does the {sys} run?
c The {sys} keeps its data in {db}.
c We chose {db} for the {sys} because <everyone knew it|it was easy to back up|reads were fast|it needed no server>.
b Stored {records} in {db} for the {sys}.
a We used {db} for the {sys}.
a The {sys} keeps everything in {db}. It was dull and it worked.
a I chose {db}, because the {sys} mostly reads and rarely writes.
k {db}

# migration
d {#m:2-20}
q Which migration did you lead at {org}?
q What did you migrate at {org}, and how long did it take?
q Which databases were involved in your migration at {org}?
q How long did the database move at {org} take?
q Tell me about the migration you ran at {org}.
q From which database to which one did you move {org}?
c I led the move from {db2} to {db} at {org}; it took {#m} <weeks|months>.
c At {org} we migrated from {db2} to {db} without <downtime|losing a row|stopping the site>, and it took {#m} weeks.
b Led the migration from {db2} to {db} at {org}.
A I led the move from {db2} to {db}. We ran both side by side and compared every night.
a At {org} I moved us from {db2} to {db}, one table at a time.
k from {db2} to {db}

# team
d {#n:3-24}
q How many people were on your team at {org}?
q How big was your team at {org}?
q How large a team did you <lead|run|manage> at {org}?
q How many engineers did you work with at {org}?
q What was the size of your team at {org}?
q Who was on your team at {org}?
c I led a team of {#n} at {org}, spread over {~number} time zones.
c At {org} I worked in a team of {#n}: engineers, <designers|analysts|testers> and one very patient <manager|product owner|translator>.
b Led a team of {#n} at {org}.
a We were a team of {#n} at {org}.
A I led a team of {#n} there, and I hired about half of them.
a It was a team of {#n}, small enough for one table at lunch.
k team of {#n}

# joined
d {#y:1998-2024}
q When did you join {org}?
q In which year did you start at {org}?
q What year did you begin working at {org}?
q Since when <did you work|have you worked> at {org}?
q When did your time at {org} begin?
q How long ago did you join {org}?
c I joined {org} in {#y} as a {role}.
c {org} hired me in {#y}.
c In {#y} I moved to {city} and started at {org}.
b {role}, {org}, since {#y}.
a I joined {org} in {#y}.
a I started there in {#y} as a {role}.
a My first day at {org} was in {#y}.
k {#y}

# years
d {#y:1998-2019}{#k:2-6}{#z=y+k}
q How many years did you spend at {org}?
q When were you at {org}?
q From when to when did you work at {org}?
q How long did you stay at {org}?
q Which years did you work for {org}?
q What were your dates at {org}?
c I worked at {org} from {#y} to {#z}.
c From {#y} to {#z} I was a {role} at {org} in {city}.
b {org}, {role}, from {#y} to {#z}.
a I was at {org} from {#y} to {#z}, so {#k} years.
a From {#y} to {#z}. That makes {#k} years at {org}.
k from {#y} to {#z}

# role
q What was your role at {org}?
q What was your job title at {org}?
q As what did you work at {org}?
q What did you do at {org}?
q Which position did you hold at {org}?
q What were you hired as at {org}?
q What job did you have at {org}?
c At {org} I was a {role}.
c I worked as a {role} at {org} in {city}.
b {role} at {org}, {city}.
a I was a {role} at {org}.
A My title at {org} was {role}, though I did a bit of everything.
a I worked there as a {role}, mostly on the {sys}.
k {role}

# officecity
q In which city did you work for {org}?
q Where is {org} based?
q Where was your office when you worked at {org}?
q Which city was your {org} job in?
q Where did you work when you were at {org}?
q Where are the offices of {org}?
c {org} is based in {city}, <near the river|above a bakery|next to the station|in an old mill>.
c I worked for {org} in {city}.
b {org}, {city}.
a I worked for {org} in {city}.
A {org} is in {city}, so that is where I worked.
A The office was in {city}, close to the <station|harbour|park|market>.
k {city}

# whyleft
q Why did you leave {org}?
q What made you leave {org}?
q What was your reason for leaving {org}?
q How come you left {org}?
q Why are you no longer at {org}?
q Did you leave {org} for a reason?
c I left {org} because {reason}.
c After {~number} years I quit {org} because {reason}.
a I left {org} because {reason}.
A Because {reason}. I still have friends at {org}.
a I left because {reason}, and it was time to learn something new.
k because {reason}

# outage
q What was the <worst|biggest> outage you had at {org}?
q What went wrong at {org} that you still remember?
q Tell me about an incident at {org} and its cause.
q Why did {org} have an outage?
q What caused the incident at {org}?
q Which failure at {org} taught you the most?
q Can you describe a bad day at {org}?
c One {~weekday} at {org}, {outage.symptom} because {outage.cause}. I {outage.fix}.
c The worst incident at {org}: {outage.symptom}. The cause was that {outage.cause}.
A At {org}, {outage.symptom} because {outage.cause}. It took us {~number} hours to find.
a {outage.symptom}. In the end {outage.cause}, and I {outage.fix}.
k {outage.cause}

# outagefix
q How did you fix it when {outage.symptom}?
q What did you do when {outage.symptom}?
q {outage.symptom}. What was your fix?
q What was your solution after {outage.symptom}?
q What did you change after {outage.symptom}?
q How was the problem solved when {outage.symptom}?
c When {outage.symptom} at {org}, I {outage.fix}.
c One night {outage.symptom}. I {outage.fix} and went back to bed.
b After an incident in which {outage.symptom}, {outage.fix}.
a I {outage.fix}. The real cause was that {outage.cause}.
A First I {outage.fix}, and then we wrote it down for the next person.
k {outage.fix}

# lesson
q What did you learn from the outage at {org}?
q What lesson did you take from {org}?
q What did the incident at {org} teach you?
q Which lesson from {org} do you still use?
q What would you tell others about the incident at {org}?
q What was the lesson when {outage.symptom}?
c When {outage.symptom} at {org}, I learned that {outage.lesson}.
c The lesson from {org} was short: {outage.lesson}.
a I learned that {outage.lesson}.
a That {outage.lesson}. It sounds obvious now, and it was not obvious at {org}.
a The lesson was that {outage.lesson}, and I still repeat it to new people.
k {outage.lesson}

# tool
q What is your favourite tool?
q Which tool could you not work without?
q Which tool do you use every day?
q What tool do you like best?
q If you could keep one tool, which would it be?
q Which piece of software do you <value|trust> most?
c My favourite tool is {tool}; I use it every day.
c If I could keep one tool it would be {tool}.
a {tool} is my favourite. I use it every day and I know its bad habits.
a I would keep {tool}. It is <old|plain|quick|dull> and it does what I ask.
a My favourite tool is {tool}.
k {tool}

# skills
q Which technologies do you <know|use> best?
q What are your main skills?
q What is in your toolbox?
q Which tools and languages do you work with?
q What do you know well?
q What is your technical background?
c My main skills are {lang}, {tool} and {db}.
c I work mostly with {lang}, {tool} and {db}.
b Skills: {lang}, {tool} and {db}.
a Mostly {lang}, {tool} and {db}. The rest I look up.
a I know {lang}, {tool} and {db} best, and I can find my way in <most others|older systems>.
k {lang}, {tool} and {db}

# cloud
q Where did you host the {sys}?
q What does the {sys} run on?
q Which cloud did you use at {org}?
q Where does the {sys} run?
q On what hardware or cloud does the {sys} live?
q How is the {sys} hosted?
c The {sys} runs on {cloud}.
c At {org} we hosted the {sys} on {cloud}.
b Hosted the {sys} on {cloud}.
A It runs on {cloud}. We looked at others and stayed.
a At {org} we ran the {sys} on {cloud}.
k {cloud}

# uptime
d {#n:91-99}
q What uptime did the {sys} have?
q How reliable was the {sys}?
q How often was the {sys} available?
q What availability did you reach with the {sys}?
q How good was the uptime of the {sys} at {org}?
q How stable is the {sys}?
c The {sys} had an uptime of 99.{#n} percent <last year|over two years|in its first year>.
b Kept the {sys} at 99.{#n} percent uptime.
a It was up 99.{#n} percent of the time.
A The {sys} reached 99.{#n} percent, and the rest was planned work at night.
k 99.{#n} percent

# deployfreq
d {#n:2-40}
q How often did you deploy at {org}?
q How many releases did {org} make in a week?
q What was the release rhythm at {org}?
q How frequently did your team ship at {org}?
q How did deploys work at {org}?
q How many times a week did {org} release software?
c At {org} we deployed {#n} times a week.
c We went from one release a month to {#n} times a week at {org}.
b Raised deploys at {org} to {#n} times a week.
a We deployed {#n} times a week, and nobody noticed, which was the point.
A About {#n} times a week. Each release at {org} was small.
k {#n} times a week

# coverage
d {#m:2-29}
q How did you make the tests faster at {org}?
q How long did the test suite at {org} take after your work?
q How slow were the tests at {org}?
q What did you do about the tests at {org}?
q How much time did the tests at {org} need?
q How fast did the build at {org} become?
c I cut the test run at {org} to {#m} minutes by {testway}.
b Brought the test run at {org} down to {#m} minutes by {testway}.
a The tests at {org} ran in {#m} minutes after that.
a I brought the run down to {#m} minutes, mostly by {testway}.
k {#m} minutes

# mentor
d {#n:2-14}
q How many people did you mentor at {org}?
q Did you mentor anyone at {org}?
q Whom did you mentor at {org}?
q How many juniors did you train at {org}?
q What mentoring have you done?
q Have you taught people on the job at {org}?
c I mentored {#n} <junior engineers|interns|apprentices|students> at {org}.
b Mentored {#n} <interns|new hires|junior developers> at {org}.
a I mentored {#n} people at {org}. Most of it was listening.
a There were {#n} of them at {org}, and I learned as much as they did.
k {#n}

# hardest
q What was the hardest part of the {sys}?
q What was difficult about building the {sys}?
q Which part of the {sys} gave you the most trouble?
q What made the {sys} hard?
q What was the biggest challenge in the {sys}?
q Where did you struggle with the {sys}?
c The hardest part of the {sys} was {hard}.
c With the {sys}, the code was easy; the hardest part was {hard}.
a The hardest part was {hard}.
a It was {hard}. The rest of the {sys} was ordinary work.
a For the {sys}, {hard} took longer than everything else together.
k {hard}

# method
q How did you test the {sys}?
q How did you make sure that the {sys} was correct?
q How do you know the {sys} works?
q What did you do to check the {sys}?
q Which way of testing did you use for the {sys}?
q How was the {sys} tested before launch?
c We tested the {sys} by {check}.
c Before the launch I checked the {sys} by {check}.
b Tested the {sys} by {check}.
a I tested it by {check}.
A By {check}. That found {~number} faults before any user did.
k by {check}

# firstjob
q What was your first job?
q How did you start your career?
q Where did you work first?
q What did you do before you became a {role}?
q What was the first thing you were paid for?
q How did you earn your first money?
c My first job was {firstjob}.
c Before I wrote software, my first job was {firstjob} in {~city}.
a My first job was {firstjob}.
A It was {firstjob}. I learned to be on time and to keep lists.
k {firstjob}

# current
q What are you working on now?
q What do you do at the moment?
q What is your current project?
q What keeps you busy these days?
q What are you building right now?
q On what do you spend your days now?
c At the moment I work on {thing} at {org}.
c These days I am building {thing}.
a Right now I work on {thing}.
A I am building {thing} at {org}. The first version is due in {~month}.
k {thing}

# advice
q What advice would you give to a new {role}?
q What do you tell people who start at {org}?
q Do you have advice for beginners?
q What should a junior engineer know?
q What would you tell your younger self?
q What is the best advice you can give?
c My advice to beginners: {advice}.
c I tell every new {role} the same thing: {advice}.
a I would say: {advice}.
a My advice is short: {advice}. The rest comes with time.
k {advice}

# interview
q What do you look for when you hire?
q How do you interview people?
q What matters to you in a job interview?
q How do you choose whom to hire?
q What do you ask candidates?
q What makes you want to work with a candidate?
c When I hire, I look for {quality}.
c In interviews at {org} I looked for {quality}.
a I look for {quality}. The language they know matters less.
a I look for {quality}, and I give a small real task.
k {quality}

";
