//! Requests for a text in a certain manner (`q`), answered in a plain human voice (`h`) or in the
//! voice of a stock assistant or press release (`s`).

pub(super) const STYLES: &str = r"
# post_opinion
q Write a short post about {opinion.topic}.
q Can you write a post on {opinion.topic}?
q Post something about {opinion.topic}.
q Draft a few lines about {opinion.topic}.
h {opinion.topic}: {opinion.short}. {opinion.long} I tried it the other way at {~org} for {~number} months. It cost us {#d:2-30} days.
h People ask me about {opinion.topic}. My answer has not changed since {#y:2004-2024}. I think {opinion.short}. {opinion.long} That is all.
h I used to think differently about {opinion.topic}. Then {outage.symptom} on a {~weekday}. Now I say {opinion.short}. {opinion.long}
h {opinion.long} That is my whole view on {opinion.topic}. It took me {#y:3-20} years and {~number} bad evenings to get there.
s In today's fast-paced world, {opinion.topic} {~arehave} become more important than ever. {~hypeverb}, {~hypenoun} and {~hypenoun2} are no longer optional. {~cta}
s {~thrill} to share my thoughts on {opinion.topic}! It is not just about technology, it is about {~hypenoun}. Together we can {~hypedo} and {~hypedo2}. {~cta}
s When it comes to {opinion.topic}, the key is {~hypenoun}. By embracing {~hypenoun2}, teams can {~hypedo} and drive meaningful impact. {~cta}

# launch
q Write a short post about the {sys}.
q Announce that the {sys} is live.
q Write an announcement for the {sys}.
q Tell people that we launched the {sys}.
h The {sys} is live. It took {~number} months, and the hard part was {hard}. {#n:4-90} {users} use it today. Tell me what breaks.
h We switched the {sys} on this morning. Nothing happened, which was the plan. It is written in {lang} and runs on {cloud}. Next I will delete the old one.
h New this week: the {sys}. It replaces {~number} spreadsheets and one angry phone call a day. It is slow on Mondays. I know why.
s {~thrill} to announce the launch of our brand-new {sys}! This {~hypeadj} solution empowers {users} to {~hypedo} like never before. A huge thank you to our amazing team. {~cta}
s We are excited to unveil a {~hypeadj} {sys} that will revolutionize how {users} work. By leveraging {~hypenoun}, we unlock {~hypenoun2} at scale. The journey has only just begun! {~cta}

# tell_outage
q Tell a colleague that {outage.symptom}.
q Write a message to the team: {outage.symptom}.
q Explain to a customer that {outage.symptom}.
q Write a short note about how {outage.symptom}.
h At {#h:1-12} o'clock {outage.symptom}. The cause: {outage.cause}. I {outage.fix}. It was down for {#m:4-90} minutes. Sorry. Ask me if you see anything odd.
h Short note. {outage.symptom} because {outage.cause}. Fixed now. I {outage.fix}. {#m:2-80} {users} noticed, and I have written to them.
h Yesterday {outage.symptom}. My fault in part. {outage.cause}, and I did not look. Next time I will, because {outage.lesson}.
s I hope this message finds you well. We wanted to inform you that we recently experienced a service disruption. Please rest assured that our dedicated team is working tirelessly to ensure a {~hypeadj} experience. We sincerely apologize for any inconvenience.
s Dear valued customer, we regret to inform you that an unexpected issue has impacted your experience. Your satisfaction is our top priority. We are committed to {~hypenoun} and {~hypenoun2}, and we appreciate your patience and understanding.

# think
q What do you think of {opinion.topic}?
q Give me your honest opinion on {opinion.topic}.
q What is your view on {opinion.topic}, in a few sentences?
q Do you like the idea of {opinion.topic}?
h Honestly? I think {opinion.short}. {opinion.long} At {~org} we tried it for {#m:2-18} months and kept half.
h I think {opinion.short}. {opinion.long} Ask me again in {~number} years.
h Not much to say about {opinion.topic}. {opinion.short}. {opinion.long} I would rather talk about the {sys}.
s That is a great question! There are many perspectives on {opinion.topic}. On the one hand, there are significant benefits such as {~hypenoun}. On the other hand, there are challenges to consider. Ultimately, it depends on your specific needs and goals.
s {opinion.topic} can be a powerful way to {~hypedo}. It is important to note that success requires {~hypenoun} and {~hypenoun2}. I would be happy to explore this topic in more depth. {~cta}

# newjob
q Write a post about your new job at {org}.
q Tell your friends that you join {org}.
q Announce that you start at {org} as a {role}.
q Write two sentences about starting at {org}.
h I start at {org} in {~month}. I will be a {role}, mostly on the {sys}. {#n:3-40} people, one office in {city}, no dress code that I can see.
h New job. {org}, {city}, {role}. The first task is the {sys}, which nobody has touched since {#y:2004-2021}. I look forward to reading it.
s {~thrill} to announce that I am starting a new position as {role} at {org}! I am deeply grateful to everyone who supported me on this incredible journey. I cannot wait to {~hypedo} with such a {~hypeadj} team. {~cta}
s I am humbled and honored to share that I have joined {org}! This {~hypeadj} opportunity will allow me to {~hypedo} and {~hypedo2}. Here is to new beginnings! {~cta}

# lesson
q Write a post about something you learned this week.
q What did you learn this week? Write a short post.
q Share a lesson from your work.
q Write about a lesson from {org}.
h This week {outage.symptom}. I looked for {~number} hours in the wrong place. The cause was that {outage.cause}. So: {outage.lesson}.
h Learned at {org}: {outage.lesson}. Price of the lesson: {#d:2-60} hours and one {~weekday} night. {~life}
h I {mistake}. It was {~month} and everybody was tired. The repair took {~number} days. Now I {habit}.
s Failure is not the opposite of success, it is part of the journey. This week reminded me that {~hypenoun} is everything. Stay curious, stay humble, and never stop growing. {~cta}
s Here are three lessons that transformed my career. First, embrace {~hypenoun}. Second, invest in {~hypenoun2}. Third, always {~hypedo}. What would you add to the list? {~cta}

# hobbypost
q Write a few sentences about {craft}.
q Write a short post about your weekend.
q Tell me about {craft} in your own words.
q What happened at the weekend?
h I spent the weekend on {craft}. {~life} On Sunday I made {food} and did not open the laptop.
h {~life} {~life} After that I was too tired for {craft}. I drank {~drink} and went to bed at {#h:8-11}.
h My news from {craft}: {#n:2-9} hours, {~number} mistakes, one result I can show. {~life}
s Weekends are the perfect time to recharge and reconnect with what truly matters. For me, {craft} is more than a hobby, it is a journey of {~hypenoun}. Remember to take care of yourself! {~cta}
s Did you know that {craft} can boost {~hypenoun}? Taking time for yourself is key to a balanced and fulfilling life. Embrace the moment and celebrate every small win! {~cta}

# thanks
q Thank {first} for the help with the {sys}.
q Write a short thank-you note to {first}.
q How would you thank {first} for fixing the {sys}?
q Say goodbye to {first}, who leaves the team.
h {first}, thank you. You found in {#m:5-50} minutes what I had missed for {~number} days. The {sys} has been quiet since. I owe you {~food}.
h Thanks, {first}. The {sys} works because you asked the right thing when {outage.symptom}. I will miss your questions.
s Dear {first}, I would like to express my heartfelt gratitude for your outstanding contribution to the {sys}. Your passion and {~hypenoun} are truly inspiring. I look forward to our continued collaboration and shared success.
s A huge shout-out to {first} for going above and beyond on the {sys}! Your dedication and {~hypenoun} make all the difference. Teamwork truly makes the dream work. {~cta}

# numbers
q Write a short post about how you made the {sys} faster.
q Tell a colleague that the {sys} is faster now.
q Describe your work on the {sys} in three sentences.
q Write a status update on the {sys}.
h The {sys} took {#f:20-95} {latunit}. Now it takes {#t:2-18}. I changed one query and deleted {#l:40-900/10} lines. I should have looked in {~month}.
h Status of the {sys}: {#p:40-95} percent done. Open points: {hard}. I tested it by {check}. Next report on {~weekday}.
h I made the {sys} faster by doing less. It read every record twice. Now it reads once. {#f:20-95} {latunit} became {#t:2-18}.
s I am proud to share that we have achieved {~hypeadj} performance improvements in our {sys}! By harnessing {~hypenoun} and {~hypenoun2}, our team continues to push boundaries and redefine what is possible. {~cta}
s Exciting news! Our {sys} just got a {~hypeadj} upgrade. Faster, smarter and more reliable than ever, it empowers {users} to {~hypedo}. The future is now! {~cta}

# place
q Write a postcard from {city}.
q Write a few lines about living in {city}.
q Describe {city} to a friend.
h {city} is {~citya} and {~cityb}. {~life} I stay until {~weekday}.
h I live near the {~landmark} in {city}. {~life} The rent is {#r:400-1900/10} {currency} and the kitchen is small.
s Nestled in the heart of the region, {city} is a vibrant tapestry of culture, history and {~hypenoun}. From its bustling streets to its {~hypeadj} cuisine, there is truly something for everyone.
s {city} is more than a place, it is an experience! Whether you are a seasoned traveler or a first-time visitor, this {~hypeadj} destination will leave you inspired. {~cta}

arehave: have
hypeverb: Innovation; Agility; Transformation; Excellence; Resilience; Leadership
hypenoun: collaboration; innovation; resilience; authenticity; growth; empowerment; synergy; transparency; creativity; alignment; excellence; sustainability; mindfulness; agility; continuous improvement; digital transformation; customer success; thought leadership
hypenoun2: collaboration; cutting-edge insights; seamless integration; data-driven decisions; a growth mindset; operational efficiency; actionable insights; holistic strategies; next-generation tools; endless possibilities; limitless potential; purpose
hypeadj: game-changing; seamless; robust; groundbreaking; world-class; transformative; cutting-edge; innovative; exceptional; remarkable; unparalleled; state-of-the-art; dynamic; incredible
hypedo: unlock new opportunities; foster a culture of trust; drive lasting value; navigate an ever-changing landscape; accelerate growth; delight customers; shape the future; streamline workflows; elevate every experience; build a better tomorrow
hypedo2: make a difference; inspire others; exceed expectations; create lasting change; reach new heights; deliver results; maximize impact; celebrate success
thrill: I'm thrilled; I'm excited; I'm delighted; I'm beyond proud; I'm absolutely thrilled
cta: What are your thoughts?; Let me know in the comments!; Stay tuned for more!; Let's connect!; Agree?; #innovation #leadership; #growth #teamwork; Together, we can achieve great things.; The possibilities are endless.; Let's keep pushing forward!
citya: loud in the morning; colder than I expected; full of stairs; built on {~number} hills; cheap in winter; slow on Sundays; good for cyclists; famous for {~food}
cityb: quiet at night; hard to leave; easy to walk through; full of <cats|students|bakeries|scaffolding|sailors|pigeons|bookshops>; dark by four o'clock; proud of its trams
landmark: station; harbour; cathedral; old bridge; fish market; university; canal; botanical garden; football ground; brewery; lighthouse; town hall
";
