//! Plain documents: resumes, profiles and posts, some with the placeholders that masking leaves.
//! `§S` becomes a sentence about the person and `§B` a resume bullet.

pub(super) const DOCUMENTS: &str = r"
# [PERSON_1]\n\n[EMAIL_1] | [PHONE_1] | [URL_1]\n\n## Summary\n\n{role} in {city} with {#n:2-30} years of experience in {~domainname}.\n\n## Experience\n\n### {org}, {role}, {#y:1999-2023} to today\n\n§B\n§B\n§B
# Resume\n\n[PERSON_1], {role}\n{city} | [EMAIL_1] | [PHONE_1]\n\n## Experience\n\n**{org}** ({#y:1998-2018} to {#z=y+4})\n§B\n§B\n§B\n\n## Skills\n\n{~lang}, {~tool}, {~db}, {~cloud}
## Experience\n\n### {role}, {org}, {city}\n*{month} {#y:2001-2017} to {month2} {#z=y+3}*\n\n§B\n§B\n§B\n§B
## Education\n\n- {degree} in {subject}, {school}, {#y:1988-2022}\n- Thesis on {thesis}\n\n## Certificates\n\n- {cert} ({#c:2009-2025})\n- {cert2}\n\n## Languages\n\n{language}, {language2}, English
## Projects\n\n**{project}**: {pet_thing}. Written in {~lang}. Code: [URL_1]\n\n**{pkg}**: a small package for {records}. Code: [URL_2]\n\n## Interests\n\n{craft}, {craft2}, {sport}
## Talks\n\n- “{talk}”, {conf}, {#a:2012-2025}\n- “{talk2}”, {conf2}, {#b:2008-2020}\n\n## Publications\n\n- [PERSON_1] and [PERSON_2]: a paper about {thesis}, {#c:2004-2024}. [URL_1]
## About me\n\n§S §S §S\n\n§S §S
## Contact\n\n[PERSON_1]\n[ADDRESS_1]\n[EMAIL_1]\n[PHONE_1]\n\nI live in {city} and I answer email within {~number} days. §S
# {opinion.topic}\n\n{opinion.short}. {opinion.long}\n\n§S §S\n\n{~life} I thought about that on the way home.
# Notes from {conf}\n\nI gave a talk called “{talk}”. The room held {#n:20-300/10} people and {~number} of them had questions. [PERSON_1] asked the best one.\n\n§S §S
# What we learned when {outage.symptom}\n\nOn a {~weekday} in {~month}, {outage.symptom}. After {~number} hours we found that {outage.cause}. I {outage.fix}.\n\nThe lesson: {outage.lesson}. §S
# A week in {city}\n\n{~life} {~life}\n\n{~life} {~life} On {~weekday} I went home by {~vehicle}.
{~trade} {~life} {~trade}\n\n{~life} {~trade}
{~trade}\n\n{opinion.long} That is what I thought when [PERSON_1] called me about {opinion.topic}.\n\n{~life} {~life}
Words I explain too often:\n\n- {term.word}: {term.meaning}\n- {term2.word}: {term2.meaning}\n- {term3.word}: {term3.meaning}\n- {term4.word}: {term4.meaning}
# Small dictionary\n\n{term.word} is {term.meaning}. {term2.word} is {term2.meaning}. {term3.word} is {term3.meaning}.\n\n{~life} {~life}
Dear [PERSON_1],\n\nthank you for your letter. §S §S\n\n{~life} You can reach me at [EMAIL_1] or [PHONE_1].\n\nYours,\n[PERSON_2]
# Reference\n\n[PERSON_1] worked at {org} as a {role} from {#y:1999-2018} to {#z=y+5}. The work on the {sys} was careful and on time. §S\n\nQuestions: [PHONE_1] or [EMAIL_1].
# Release notes\n\n- The {sys} now starts in {#n:2-90} {latunit}.\n- Fixed: {outage.symptom} because {outage.cause}.\n- Removed the old {~mod} {~syskind}.\n- Thanks to [PERSON_1] for testing it by {check}.
# News\n\n{~trade} {~trade}\n\n{~trade} {~life} {~trade}
{~trade} {~trade} {~life} {~trade}
# Shopping and other lists\n\nBring the {object} back to [PERSON_1]. Buy {~food} and {~drink}. Call [PHONE_1] about the {object2}.\n\n{~life} {~life}
";
