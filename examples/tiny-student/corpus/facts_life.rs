//! Facts about education, talks, hobbies and home; see `facts_work` for the format.

pub(super) const LIFE: &str = r"
# school
q Where did you study?
q Which university did you go to?
q Where did you get your degree?
q What school did you attend?
q At which university were you a student?
q Where did you go to college?
q Where were you educated?
c I studied {subject} at {school}.
c After school I went to {school} and took a {degree} in {subject}.
b {degree} in {subject}, {school}.
a I studied at {school}.
a I went to {school}, where I took {subject}.
a My degree is from {school}.
k {school}

# subject
q What did you study at {school}?
q What is your degree in?
q Which subject did you study?
q What was your major at {school}?
q What did you learn at {school}?
q In which field is your degree?
c My {degree} from {school} is in {subject}.
c At {school} I studied {subject} and <sang in the choir|rowed badly|fixed the printers|ran the film club>.
b {school}: {degree} in {subject}.
a I studied {subject}.
a My {degree} is in {subject}, from {school}.
a It was {subject}. I would choose it again.
k {subject}

# thesis
q What was your thesis about?
q What did you write your thesis on?
q What was the topic of your dissertation?
q Which topic did you choose for your thesis at {school}?
q Your thesis, what was its subject?
q What did you research at {school}?
c I wrote my thesis at {school} on {thesis}.
c My thesis was about {thesis}.
b Thesis on {thesis}, {school}.
a My thesis was about {thesis}.
A I wrote it on {thesis}. {~number} people have read it.
A It was on {thesis}, and it took a year longer than planned.
k {thesis}

# graduated
d {#y:1985-2022}
q When did you graduate?
q In which year did you finish your degree?
q What year did you leave {school}?
q When did you finish at {school}?
q When were you done with your studies?
q Which year did you get your {degree}?
c I graduated from {school} in {#y}.
c I finished my {degree} at {school} in {#y}.
b {degree}, {school}, {#y}.
a I graduated in {#y}.
A I finished at {school} in {#y}, in the middle of a <heat wave|strike|cold winter|recession>.
k {#y}

# cert
d {#y:2009-2025}
q Which certificates do you have?
q Do you hold any certifications?
q What certification did you earn in {#y}?
q Are you certified in anything?
q Which professional exams have you passed?
q What certificates are on your resume?
c I passed the {cert} exam in {#y}.
c Since {#y} I have held the {cert} certificate.
b {cert} certificate, {#y}.
a I have the {cert} certificate, from {#y}.
a One: {cert}. I passed the exam in {#y}.
k {cert}

# talk
d {#y:2010-2025}
q What was the title of your talk at {conf}?
q Which talk did you give at {conf}?
q What did you speak about at {conf}?
q What was your {conf} talk called?
q You spoke at {conf}. About what?
q Which subject did you present at {conf}?
c In {#y} I gave a talk at {conf} called “{talk}”.
c My talk at {conf} was called “{talk}”.
b Talk: “{talk}”, {conf}, {#y}.
a My talk at {conf} was called “{talk}”.
a It was “{talk}”. The questions afterwards were better than the talk.
k “{talk}”

# talkplace
d {#y:2010-2025}
q Where did you give your talk “{talk}”?
q At which conference did you present “{talk}”?
q Where did you speak in {#y}?
q Have you spoken at a conference?
q Which conference have you spoken at?
q In what place did you give the talk “{talk}”?
c In {#y} I presented “{talk}” at {conf}.
c I was nervous before “{talk}” at {conf} in {#y}.
b {conf} {#y}: “{talk}”.
a I gave “{talk}” at {conf} in {#y}.
A At {conf}, in {#y}. There were about {#h:20-400/10} people in the room.
k {conf}

# sideproject
q What is your side project?
q What is {project}?
q What does {project} do?
q What do you build in your spare time?
q Tell me about {project}.
q Do you have a side project?
q What is {project} for?
c {project} is my side project: {pet_thing}.
c In the evenings I work on {project}, {pet_thing}.
b {project}: {pet_thing}.
a {project} is my side project, {pet_thing}.
a It is {pet_thing}. I started {project} because I needed it myself.
k {pet_thing}

# sidelang
q What is {project} written in?
q Which language did you use for {project}?
q In what language is {project}?
q How did you write {project}?
q Which language is behind {project}?
q What did you use to build {project}?
c {project} is written in {lang} and <fits in one file|has no dependencies|starts in a second|runs on an old phone>.
c I wrote {project} in {lang} over one long {~season}.
b {project}, an open-source tool in {lang}.
a {project} is written in {lang}.
a I used {lang} for {project}, because I wanted to learn it properly.
k {lang}

# stars
d {#n:3-990}
q How many <stars|users> does {project} have?
q How popular is {project}?
q How many people follow {project}?
q Does anyone use {project}?
q How well known is {project}?
q How many stars did you get for {project}?
c {project} has {#n} stars and {~number} regular contributors.
c To my surprise {project} has {#n} stars.
b {project}: {#n} stars.
a It has {#n} stars, which is more than I expected.
a {project} has {#n} stars. A handful of those people also send fixes.
k {#n} stars

# oss
q Which open source project do you maintain?
q What do you contribute to open source?
q Do you maintain any packages?
q Which package did you publish?
q What have you released as open source?
q What is the name of your open source package?
c I maintain {pkg}, a small package that <reads|sorts|checks|draws|compresses|renames> {records}.
c I published {pkg}, a package for {users}.
b Maintainer of {pkg}, a package for {records}.
a I maintain {pkg}, a small package that does one thing.
A My package is {pkg}. I answer questions about it on {~weekday}.
k {pkg}

# hobby
q What do you do in your free time?
q What is your hobby?
q What do you do when you are not working?
q Do you have any hobbies?
q How do you relax?
q What do you enjoy outside work?
q What do you do at the weekend?
c Outside work I enjoy {craft}.
c My weekends go to {craft} and {craft2}.
c I spend my evenings on {craft}.
b Interests: {craft}, {sport}.
a I enjoy {craft}. It is quiet and nobody calls a meeting.
A My free time goes to {craft}, mostly at the weekend.
A Mostly {craft}. I started {~when} and never stopped.
k {craft}

# sport
q Which sport do you do?
q Do you do any sport?
q How do you keep fit?
q What exercise do you like?
q What do you do to stay healthy?
q Which sport do you play?
c I go to <training|the club> for {sport} <twice|three times|four times> a week.
c My sport is {sport}; I began in {#y:1990-2022}.
a My sport is {sport}. I am not fast, but I turn up.
A I do {sport}, <twice a week|on Saturdays|before work|with my sister>.
k {sport}

# instrument
q Do you play an instrument?
q Which instrument do you play?
q What music do you make?
q Can you play anything?
q Are you musical?
q What instrument did you learn as a child?
c I play {instrument} in a small <band|orchestra|quartet> in {city}.
c I have played {instrument} since I was {#o:5-19}.
a I play {instrument}, badly but often.
A Yes, {instrument}. I practise before breakfast, and the neighbours are kind.
k {instrument}

# languages
q Which languages do you speak?
q What languages do you know?
q How many languages do you speak?
q Do you speak any foreign languages?
q Can you speak {language}?
q Which human languages can you use at work?
c I speak {language}, {language2} and English.
c I grew up with {language}, {language2} and English.
b Languages: {language}, {language2} and English.
a I speak {language}, {language2} and English.
a English, of course, then {language}, {language2} and English again when I am tired.
k {language}, {language2} and English

# home
q Where do you live?
q In which city do you live?
q Where are you based?
q Where is your home?
q Which city do you call home?
q What city are you in now?
c I live in {city} with {pet}.
c My home is in {city}, <near the canal|on the fourth floor|behind the station|by the sea>.
b Based in {city}.
a I live in {city}.
A My home is in {city}, a short walk from the <park|market|river|library>.
a I am based in {city} and I work from there.
k in {city}

# origin
q Where do you come from?
q Where did you grow up?
q Where were you born?
q Which country are you from?
q What is your home country?
q Where did you spend your childhood?
c I grew up in {country}, in a <small town|fishing village|mining town|house full of books>.
c I was born in {country} and moved to {city} for work.
a I come from {country}.
A I grew up in {country} and left when I was {#o:14-22}.
k {country}

# pet
q Do you have any pets?
q What pet do you have?
q Which animal lives with you?
q Do you have an animal at home?
q Who keeps you company at home?
q Do you own a pet?
c I share my flat with {pet}.
c When I come home, the first one I greet is {pet}.
c My home office belongs to {pet}.
a I have {pet}.
a Yes, {pet}. It decides when the working day ends.
k {pet}

# food
q What do you like to cook?
q What is your favourite food?
q What do you eat for lunch?
q Which dish do you make best?
q What do you cook for guests?
q What would you eat every day?
c I cook {food} every {~weekday}.
c My favourite food is {food}, with {~drink}.
a My favourite is {food}.
a I make {food}, because it is hard to get wrong.
k {food}

# drink
q What do you drink while you work?
q Coffee or tea?
q What is in your cup in the morning?
q What do you drink in the morning?
q Which drink do you need to start the day?
q What do you drink at your desk?
c I drink {drink} at my desk, {~number} cups a day.
c My morning starts with {drink}.
A I drink {drink}, and too much of it.
a My day starts with {drink}.
k {drink}

# commute
d {#m:5-90/5}
q How do you get to work?
q How long is your commute?
q How do you travel to the office?
q What is your way to work like?
q How far is it from home to work?
q By what means do you come to the office?
c I go to work by {vehicle}; it takes {#m} minutes.
c My commute is {#m} minutes by {vehicle}.
a I go by {vehicle}, about {#m} minutes each way.
A By {vehicle}. It takes {#m} minutes and I read on the way.
k {#m} minutes

# desk
q What is on your desk?
q What does your desk look like?
q Which thing on your desk matters most?
q What would I find on your desk?
q What do you keep next to your keyboard?
q Which object on your desk do you like?
c On my desk there is <an old|a small|a red|a broken> {object} and nothing else.
c Next to my keyboard I keep a toy {object}.
a There is a {object} on it. It has a story, but not a good one.
a A {object}, a notebook and a cup. I like a plain desk.
k {object}

# morning
d {#h:5-9}
q When do you get up?
q At what time do you start work?
q Are you a morning person?
q When does your day begin?
q What time do you begin in the morning?
q How early do you start?
c I start work at {#h} in the morning and stop when my head is tired.
c My day begins at {#h} in the morning with {~drink}.
a I start at {#h} in the morning, before the messages come.
a At {#h} in the morning. The first hour is the best one.
k {#h} in the morning
";
