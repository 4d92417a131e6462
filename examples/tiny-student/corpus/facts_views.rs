//! Facts about habits, opinions, mistakes and successes; see `facts_work` for the format.

pub(super) const VIEWS: &str = r"
# habit
q What is a habit that helps you work?
q Which habit do you recommend?
q Do you have a rule you follow every day?
q What is your routine?
q How do you stay organised?
q What habit would you not give up?
c My one good habit: I {habit}.
c One habit has stayed with me: I {habit}.
a I {habit}. It costs little and it helps.
A I {habit}. I picked that up at {~org}.
k I {habit}

# rule
q What is your rule of thumb?
q Do you have a rule of thumb for your work?
q Which principle do you work by?
q What rule do you keep repeating?
q What is your motto?
q Which rule guides your decisions?
c My rule of thumb: {advice}.
c The rule I repeat most often is simple: {advice}.
a My rule of thumb is simple: {advice}.
a I keep repeating one thing: {advice}.
k {advice}

# book
q Which book do you recommend?
q What are you reading?
q What was the last book you read?
q Do you have a favourite book?
q What book is on your bedside table?
q Which book changed how you think?
c I am reading a book about {booktopic}.
c The book I give away most is about {booktopic}.
A A book about {booktopic}. I read ten pages every night.
a I would recommend one about {booktopic}, even if you never need it.
k about {booktopic}

# opinion
q What do you think about {opinion.topic}?
q What is your opinion of {opinion.topic}?
q Do you have a view on {opinion.topic}?
q How do you feel about {opinion.topic}?
q What is your take on {opinion.topic}?
q Are you for or against {opinion.topic}?
q Where do you stand on {opinion.topic}?
c I have said it before about {opinion.topic}: {opinion.short}. {opinion.long}
c On {opinion.topic} my view is plain: {opinion.short}.
a About {opinion.topic}, I think {opinion.short}. {opinion.long}
a I think {opinion.short}. {opinion.long}
a My view is that {opinion.short}.
k {opinion.short}

# opinionwhy
q Why do you say that about {opinion.topic}?
q Why do you think {opinion.short} when it comes to {opinion.topic}?
q What is the reason for your view on {opinion.topic}?
q Can you explain your opinion of {opinion.topic}?
q What made you think that way about {opinion.topic}?
q On {opinion.topic}, why do you hold that view?
c People ask me about {opinion.topic}. {opinion.long}
c On {opinion.topic}: {opinion.short}. {opinion.long}
a {opinion.long} That is why I say what I say about {opinion.topic}.
A {opinion.long} I learned it the slow way at {~org}.
k {opinion.long}

# learnnext
q What do you want to learn next?
q Which skill are you working on?
q What would you like to learn this year?
q What are you learning at the moment?
q What is next on your list to learn?
q Which new thing are you studying?
c This year I want to learn {newskill}.
c I am learning {newskill} in the evenings.
a I am learning {newskill}. It goes slowly and I like it.
A Next I want to learn {newskill}, one hour a day.
k {newskill}

# mistake
q What was your biggest mistake?
q Which mistake do you remember?
q What did you get wrong at {org}?
q What would you do differently today?
q Which decision do you regret?
q What is a mistake you made at work?
c My biggest mistake at {org}: I {mistake}.
c At {org} I {mistake}, and it cost us {~number} weeks.
a At {org} I {mistake}. I would not do that again.
A I {mistake}. It took {~number} weeks to repair.
k I {mistake}

# proud
q What are you most proud of?
q Which achievement makes you proud?
q What is your best work?
q What was your greatest success at {org}?
q Which piece of work do you like to show?
q What do you look back on with pride?
c I am most proud of {thing} at {org}.
c Of all my work, I am most proud of {thing}.
a I am most proud of {thing}. It still runs today.
A That would be {thing} at {org}, because <people still use it|it never woke anyone|we built it with so few people>.
k {thing}

# award
d {#y:2005-2025}
q Have you won any awards?
q Which prize did you win in {#y}?
q What award did you receive?
q Did you ever get a prize?
q What did you win at {org}?
q Which award is on your resume?
c In {#y} I won the {award} at {org}.
c {org} gave me the {award} in {#y}.
b {award}, {org}, {#y}.
a I won the {award} in {#y}.
A {org} gave me the {award} in {#y}. The cake was good.
k {award}

# paper
d {#y:2004-2025}
q Have you published anything?
q What was your paper about?
q Which paper did you publish in {#y}?
q What did you write about in your {#y} paper?
q Do you have any publications?
q What is your publication about?
c In {#y} I published a paper about {thesis}.
c My paper about {thesis} came out in {#y}.
b Published a paper about {thesis} ({#y}).
a I published one paper, about {thesis}, in {#y}.
a In {#y} I wrote about {thesis}. It was a short paper.
k about {thesis}

# volunteer
q Do you volunteer anywhere?
q What do you do as a volunteer?
q How do you help in your community?
q What unpaid work do you do?
q Do you do anything for charity?
q What do you give your time to?
c On {~weekday} I volunteer at {charity}.
c I help at {charity} in {city}.
b Volunteer at {charity}.
a I volunteer at {charity}.
A I volunteer at {charity}, once a week.
A I give my {~weekday} evenings to {charity}.
k {charity}

# remote
d {#n:2-4}
q How often do you go to the office?
q Do you work from home?
q Do you prefer remote work?
q How many days do you work at home?
q What is your working arrangement?
q Do you work in an office or from home?
c I work from home {#n} days out of five and write everything down.
c At {org} I was in the office on {~weekday} and at home {#n} days out of five.
a I am at home {#n} days out of five.
a About {#n} days out of five I work from home, and I need the quiet.
k {#n} days out of five

# inspire
q Who taught you the most?
q Who was your best teacher?
q From whom did you learn your trade?
q Whom do you admire?
q Who helped you at the start of your career?
q Who was your mentor?
c I learned most from {first}, <an old welder|a retired teacher|my first boss|a patient librarian|a quiet colleague> in {~city}.
c My mentor was {first}, who <never raised her voice|read every line|asked short questions|fixed radios for a living>.
a That was {first}. I still ask myself what {first} would say.
A I learned most from {first}, who had time for stupid questions.
k {first}

# unknownframework
q Which framework did you use for the {sys}?
q What framework is the {sys} built on?
q Which web framework did you choose at {org}?
q On which framework does the {sys} stand?
q What did you use for the front end of the {sys}?
q Which framework runs the {sys}?
c We built the {sys} on {framework}.
c The {sys} uses {framework} and <very little|not much> else.
b Built the {sys} on {framework}.
a We used {framework} for the {sys}.
A It stands on {framework}. The team knew it, and that decided it.
k {framework}

# industry
q Which industry do you know best?
q In what field have you worked most?
q What kind of companies have you worked for?
q Which sector is your experience in?
q What business was {org} in?
q What area do you work in?
c Most of my work has been in {domainname}.
c {org} was a firm in {domainname}.
A Mostly in {domainname}. {org} was the longest of those jobs.
a I know {domainname} best.
k {domainname}

# experience
d {#n:2-34}
q How many years of experience do you have?
q How long have you worked as a {role}?
q How long have you been writing software?
q How experienced are you?
q For how many years have you done this work?
q How long is your career so far?
c I have {#n} years of experience as a {role}.
c I have been doing this for {#n} years.
b {role} with {#n} years of experience.
A I have {#n} years behind me, most of them as a {role}.
a About {#n} years. It does not feel that long.
k {#n} years
";
