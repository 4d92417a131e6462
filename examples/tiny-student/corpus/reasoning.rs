//! Questions that are thought through first: `q` question, `t` thought, `e` conclusion.

pub(super) const REASONING: &str = r"
# choose
q How would you choose between {choice.x} and {choice.y} for {choice.z}?
q {choice.x} or {choice.y} for {choice.z}? How do you decide?
q We need {choice.z}. Would you take {choice.x} or {choice.y}?
q What would make you pick {choice.x} over {choice.y} for {choice.z}?
q Our team argues about {choice.x} and {choice.y} for {choice.z}. What is your advice?
t I would start from {choice.test}. If {choice.whyx}, {choice.x} is the better fit. If {choice.whyy}, I would lean to {choice.y}.
t Both can work, so the names do not decide it. The real question is {choice.test}. When {choice.whyx}, that speaks for {choice.x}, and when {choice.whyy}, that speaks for {choice.y}.
t First I ask about {choice.test}. {choice.y} makes sense if {choice.whyy}. {choice.x} makes sense if {choice.whyx}. Everything else is taste.
e So I would find out {choice.test} and then choose. <In doubt I take the one we can undo.|In doubt I take the one the team knows.|I would write the reason down.>
e I would pick {choice.x} if {choice.whyx}, and {choice.y} otherwise.
e My default is {choice.y}, unless {choice.whyx}.

# why
q Why would it happen that {outage.symptom}?
q Yesterday {outage.symptom}. What could be the cause?
q {outage.symptom}. How would you find out why?
q Help me think: {outage.symptom}. Where do I look first?
q Why do you think {outage.symptom}?
t I would look at what changed first and read the logs from just before it. The pattern fits a case I know, in which {outage.cause}. A quick test can confirm or rule that out.
t It could be load, data or a change. Load grows slowly and this came at once, so I would look at the data and the last change. I have seen this when {outage.cause}.
t The failure itself is only the symptom. I would ask when it started and what else happened in that minute. One known cause is that {outage.cause}.
e I would first check whether {outage.cause}. The lesson is that {outage.lesson}.
e Most likely {outage.cause}. In my case I {outage.fix}.

# priority
q You have {~number} hours left and two tasks: the {sys} is slow and {outage.symptom}. What comes first?
q The {sys} needs a new feature, but this morning {outage.symptom}. What do you do first?
q The {sys} is late and {outage.symptom}. How do you plan the day?
t People are hurt by the failure now, and the other task can wait until tomorrow. Stopping the damage comes before finding the cause. After that I can go back to the {sys}.
t I sort by who is waiting and what gets worse with time. A failure gets worse every minute. The {sys} stays the same overnight.
e First I stop the failure, then I tell people, and the {sys} comes tomorrow.
e The failure comes first. I would write one line about the delay of the {sys} and go.

# multiply
d {#a:3-48}{#b:3-29}{#t=a*b}
q A {sys} handles {#a} {records} in a minute. How many does it handle in {#b} minutes?
q Each depot sends {#a} {records} a day. How many are that in {#b} days?
q We have {#b} servers and each of them runs {#a} jobs. How many jobs is that in total?
q There are {#b} boxes with {#a} bolts each. Work out how many bolts there are.
q One {object} costs {#a} {currency}. What do {#b} of them cost?
t The rate is {#a} for each one and there are {#b} of them. So I multiply {#a} by {#b}. That gives {#t}.
t I need {#b} times {#a}. {#b} times {#a} is {#t}.
e The answer is {#t}.
e It comes to {#t} in total.

# divide
d {#q:3-60}{#b:2-12}{#t=q*b}
q We have {#t} {records} and {#b} workers. How many does each worker get?
q A batch of {#t} {records} is split into {#b} equal parts. How large is one part?
q The trip of {#t} kilometres takes {#b} hours. How fast is that on average?
q {#t} {currency} are shared by {#b} people. How much does each of them get?
q How many {records} per day are {#t} in {#b} days?
t I divide {#t} by {#b}. {#b} times {#q} is {#t}, so one share is {#q}.
t The total is {#t} and it is split {#b} ways. {#t} divided by {#b} is {#q}.
e Each part is {#q}.
e That makes {#q} <each|apiece>.

# subtract
d {#q:5-90}{#b:5-95}{#t=q+b}
q The {sys} took {#t} seconds and now takes {#b}. How much time did we save?
q There were {#t} {records} in the queue and {#b} are left. How many were done?
q We had {#t} {currency} and spent {#b}. What is left?
q A tank holds {#t} litres and {#b} litres are used. How much remains?
t I take {#b} away from {#t}. {#t} minus {#b} is {#q}.
t The difference between {#t} and {#b} is what we want. {#t} minus {#b} gives {#q}.
e The answer is {#q}.
e So it is {#q}.

# add
d {#a:4-95}{#b:4-95}{#s=a+b}
q On {weekday} we got {#a} {records} and the next day {#b}. How many is that together?
q Team one has {#a} open tickets and team two has {#b}. How many are open?
q The first leg takes {#a} minutes and the second leg {#b}. How long is the whole trip?
q A {object} costs {#a} {currency} and delivery costs {#b}. What do I pay?
t I add the two numbers. {#a} plus {#b} is {#s}.
t Nothing is counted twice here, so adding is enough. {#a} and {#b} make {#s}.
e Together that is {#s}.
e The total is {#s}.

# percentof
d {#q:2-30}{#t=q*10}{#h=q*5}{#f=q*2}
q What is ten percent of {#t}?
q Ten percent of our {#t} {records} fail. How many are those?
q We want a reserve of ten percent on {#t} {currency}. How much is that?
t Ten percent is one tenth. {#t} divided by ten is {#q}.
t One tenth of {#t} is {#q}. For comparison, half of it would be {#h} and a fifth would be {#f}.
e Ten percent of {#t} is {#q}.
e So the answer is {#q}.

# duration
d {#y:1995-2015}{#k:2-12}{#z=y+k}
q You joined {org} in {#y} and left in {#z}. How many years was that?
q From {#y} to {#z}, how many years are there?
q The {sys} started in {#y} and was switched off in {#z}. How long did it run?
t I subtract the first year from the last one. {#z} minus {#y} is {#k}.
t From {#y} to {#z} I count {#k} steps of one year.
e It was {#k} years.
e That is {#k} years.

# explain
q What is {term.word}?
q How would you explain {term.word} to a child?
q Explain {term.word} in one sentence.
q What do people mean by {term.word}?
q I keep hearing about {term.word}. What is that?
t The short version should fit in one line and use no jargon. I would think of a daily case and then name it. {term.word} is {term.meaning}.
t I look for the plain core of it. People make it sound harder than it is.
e {term.word} is {term.meaning}.
e In plain words, {term.word} is {term.meaning}.

# tell
q How do you tell whether {term.word} is really the problem?
q When does {term.word} matter?
q Why should I care about {term.word}?
t {term.word} is {term.meaning}. It matters when somebody waits, pays or gets hurt because of it. If nobody notices, it can stay as it is.
t I start with the meaning: {term.word} is {term.meaning}. Then I ask who would notice if it went wrong. That person can tell me how much it matters.
e I care about it when a real person feels the difference.
e So I measure it first and decide after that.

# disagree
q Your manager loves {opinion.topic} and you do not. What do you say?
q How would you argue about {opinion.topic}?
q Somebody asks for your honest view on {opinion.topic}. How do you put it?
t My view is that {opinion.short}. {opinion.long} Still, the other side may know something I do not, so I ask before I argue.
t I would not start with a verdict. I would name one case we both remember. From there I can say that {opinion.short}.
e I would say it plainly: {opinion.short}. {opinion.long}
e In short, {opinion.short}, and I would say so once and then listen.

# plan
q How would you start building {thing}?
q You have {~number} weeks to build {thing}. What is your plan?
q What would be your first step towards {thing}?
q How do you plan a project like {thing}?
t The risk is not the code, it is {hard}. I would spend the first days with {users} and watch what they do today. Then I would build the smallest version that one of them can use.
t I would ask three things: who needs it, what they do now and what happens if we do nothing. The hard part will be {hard}, so I would try that part first. The rest is ordinary work.
e I would start with {hard} and show something small after a week.
e First talk to {users}, then a small version, then the rest.

# risk
q What could go wrong with the {sys} on a busy day?
q Is it safe to change the {sys} on a Friday?
q How would you make the {sys} safer?
q What worries you about the {sys}?
t I think about what has failed before. Once {outage.symptom}, because {outage.cause}. The {sys} has the same weak spot.
t A busy day makes small faults large. If {outage.cause}, nobody would see it until {outage.symptom}. So the check has to come first.
e I would check that first and keep a way back. {outage.lesson}.
e Only with a way back. The rule is that {outage.lesson}.
";
