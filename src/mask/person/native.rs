//! Names in scripts without capitals: Han, Kana, Hangul, Thai, Arabic, Hebrew, the scripts of India, Georgian, Ethiopic.
//!
//! A Chinese or Korean name is a surname of one syllable and one or two more that given names use; a Japanese one is
//! in the lists. Ordinary words have that shape too, so a label, an honorific, a word for who somebody is or a line of
//! its own has to vouch for it. Names of the other scripts are looked up, in Latin letters where the lists have those.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use super::inflect;
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::{Cues, Page};
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::Word;

/// Surnames and the syllables of given names, by script.
struct Native {
    chinese_surnames: HashSet<&'static str>,
    chinese_given: HashSet<char>,
    japanese_surnames: HashSet<&'static str>,
    japanese_given: HashSet<&'static str>,
    korean_surnames: HashSet<&'static str>,
    korean_given: HashSet<char>,
}

static NATIVE: LazyLock<Native> = LazyLock::new(|| {
    let list = include_str!("../lexicon/native_script.txt");
    let group = |name: &str| -> Vec<&'static str> {
        let mut inside = false;
        let mut found = Vec::new();
        for line in list.lines() {
            match line.strip_prefix('#') {
                Some(heading) => inside = heading.trim() == name,
                None if inside => found.extend(line.split_whitespace()),
                None => {}
            }
        }
        found
    };
    let letters = |name: &str| group(name).iter().flat_map(|word| word.chars()).collect();
    Native {
        chinese_surnames: group("zh surnames").into_iter().collect(),
        chinese_given: letters("zh given characters"),
        japanese_surnames: group("ja surnames").into_iter().collect(),
        japanese_given: group("ja given").into_iter().collect(),
        korean_surnames: group("ko surnames").into_iter().collect(),
        korean_given: letters("ko given syllables"),
    }
});

/// Labels before a colon, or brackets, behind which a person is named.
const LABELS: &[&str] = &[
    "姓名",
    "名字",
    "联系人",
    "聯絡人",
    "聯繫人",
    "導師",
    "导师",
    "主管",
    "作者",
    "推荐人",
    "推薦人",
    "证明人",
    "氏名",
    "名前",
    "担当",
    "担当者",
    "著者",
    "ふりがな",
    "フリガナ",
    "緊急連絡先",
    "紧急联系人",
    "이름",
    "성명",
    "성함",
    "담당자",
    "작성자",
    "추천인",
    "한자",
    "보호자",
    "지도교수",
    "发件人",
    "收件人",
    "差出人",
    "宛先",
    "姓 名",
    "氏 名",
    "感谢",
    "感謝",
    "中文名",
    "英文名",
    "曾用名",
    "配偶",
    "父亲",
    "母亲",
    "父親",
    "母親",
    "妻子",
    "丈夫",
    "上司",
    "中文",
    "名",
    "指導",
    "指导教师",
    "指導教授",
    "報告人",
    "汇报人",
    "CC",
    "नाम",
    "पिता",
    "माता",
    "पति",
    "हस्ताक्षर",
    "निदेशक",
    "नाव",
    "নাম",
    "পিতা",
    "মাতা",
    "স্বামী",
    "স্ত্রী",
    "பெயர்",
    "తండ్రి",
    "పేరు",
    "ಹೆಸರು",
    "പേര്",
    "નામ",
    "ਨਾਮ",
    "නම",
    "שם",
    "שם מלא",
    "ממליץ",
    "ממליצים",
    "איש קשר",
    "מנהל",
    "מנחה",
    "الاسم",
    "الاسم الكامل",
    "اسم",
    "اسم الأب",
    "اسم الأم",
    "الاسم بالعربية",
    "المدير المباشر",
    "المدير",
    "المشرف",
    "المعرف",
    "الزوجة",
    "الزوج",
    "نام",
    "نام پدر",
    "نام مادر",
    "نام و نام خانوادگی",
    "نام خانوادگی",
    "معرف",
    "دانشجویان",
    "دانشجو",
    "استاد راهنما",
    "همسر",
    "ሙሉ ስም",
    "full",
    "ชื่อ",
    "ชื่อเล่น",
    "ชื่อ-สกุล",
    "ชื่อ-นามสกุล",
    "ชื่อ–สกุล",
    "სახელი",
    "სახელი და გვარი",
    "გვარი",
    "ስም",
    "ឈ្មោះ",
    "ຊື່",
    "အမည်",
];

/// Words before a Chinese, Japanese or Korean name without a colon.
const CUES: &[&str] = &[
    "我是",
    "我叫",
    "名叫",
    "叫",
    "感谢",
    "感謝",
    "谢谢",
    "謝謝",
    "主管",
    "导师",
    "導師",
    "上司の",
    "後輩の",
    "先輩の",
    "同僚の",
    "部下の",
    "同事",
    "同學",
    "同学",
    "母亲",
    "父亲",
    "母親",
    "父親",
    "妻子",
    "丈夫",
    "太太",
    "先生",
    "儿子",
    "女儿",
    "兒子",
    "女兒",
    "哥哥",
    "姐姐",
    "弟弟",
    "妹妹",
    "经理",
    "經理",
    "总监",
    "總監",
    "主任",
    "老板",
    "老闆",
    "朋友",
    "师傅",
    "師傅",
    "与",
    "與",
    "和",
    "跟",
    "由",
    "向",
    "给",
    "給",
    "对",
    "及",
    "CTO",
    "CEO",
    "CFO",
    "COO",
    "室友",
    "邻居",
    "妻",
    "夫",
    "父",
    "母",
    "の",
    "担当の",
    "指導",
    "指導教員",
    "メンバー",
    "感谢了",
    "汇报给",
    "伙伴",
    "夥伴",
    "搭档",
    "组长",
    "組長",
    "队长",
    "部长",
];

/// Behind a name.
const HONORIFICS: &[&str] = &[
    "先生",
    "女士",
    "小姐",
    "老师",
    "老師",
    "教授",
    "经理",
    "經理",
    "总监",
    "總監",
    "博士",
    "同学",
    "同學",
    "同事",
    "律師",
    "律师",
    "医生",
    "醫生",
    "医师",
    "主任",
    "总",
    "總",
    "哥",
    "姐",
    "さん",
    "様",
    "氏",
    "先輩",
    "君",
    "くん",
    "ちゃん",
    "部長",
    "課長",
    "係長",
    "社長",
    "店長",
    "室長",
    "殿",
    "님",
    "씨",
    "교수",
    "팀장",
    "부장",
    "대리",
    "과장",
    "선생",
    "박사",
    "이사",
    "간호사",
    "쌤",
    "대표",
    "원장",
    "선배",
    "사원",
    "차장",
    "실장",
];

/// Behind a Chinese name in a sentence.
const FOLLOWS: &[&str] = &[
    "的", "说", "說", "在", "是", "于", "於", "和", "与", "與", "共同", "一起", "教", "给", "告诉", "负责", "負責",
    "提出", "带", "也", "表示", "推荐", "推薦", "开发", "合作", "老", "常", "就", "帮", "幫", "，", "带领", "担任",
    "指导", "指導", "完成",
];

/// Words that begin with a character that is a surname too.
const NOT_NAMES: &[&str] = &[
    "都叫",
    "都说",
    "都說",
    "常说",
    "常說",
    "常常",
    "经常",
    "經常",
    "都是",
    "都在",
    "高级",
    "高級",
    "高中",
    "高等",
    "高效",
    "高度",
    "高端",
    "高新",
    "高校",
    "高可",
    "高性",
    "高并",
    "方法",
    "方案",
    "方面",
    "方向",
    "成本",
    "成功",
    "成果",
    "成立",
    "成都",
    "成员",
    "成長",
    "成长",
    "金融",
    "金额",
    "金額",
    "金牌",
    "马上",
    "时间",
    "時間",
    "时期",
    "常用",
    "常见",
    "常州",
    "安全",
    "安装",
    "安排",
    "安徽",
    "许可",
    "许多",
    "万元",
    "石油",
    "石家",
    "江苏",
    "江西",
    "江蘇",
    "周期",
    "周年",
    "周边",
    "周末",
    "程序",
    "程式",
    "程度",
    "任务",
    "任務",
    "任职",
    "任教",
    "单位",
    "单元",
    "單位",
    "管理",
    "管道",
    "相关",
    "相關",
    "相机",
    "平台",
    "平均",
    "平面",
    "华为",
    "华南",
    "华东",
    "华中",
    "華為",
    "云计",
    "云平",
    "云原",
    "应用",
    "应届",
    "應用",
    "应急",
    "温度",
    "水平",
    "水利",
    "支持",
    "支付",
    "文化",
    "文件",
    "文档",
    "文学",
    "文學",
    "曾任",
    "曾获",
    "项目",
    "連續",
    "连续",
    "连接",
    "连锁",
    "包括",
    "包装",
    "党员",
    "计算",
    "計算",
    "计划",
    "計畫",
    "路由",
    "路径",
    "关于",
    "关键",
    "关系",
    "關於",
    "纪念",
    "解决",
    "解放",
    "农业",
    "农村",
    "阳光",
    "明年",
    "毛利",
    "季度",
    "全国",
    "全國",
    "全栈",
    "全部",
    "全面",
    "全职",
    "全端",
    "司机",
    "车辆",
    "车间",
    "车牌",
    "黄金",
    "黄河",
    "白云",
    "白名",
    "宁波",
    "宁夏",
    "武汉",
    "武術",
    "郑州",
    "徐州",
    "苏州",
    "蘇州",
    "杭州",
    "广州",
    "廣州",
    "广东",
    "广告",
    "廣告",
    "广西",
    "贵州",
    "贵公",
    "马拉",
    "马来",
    "温哥",
    "谷歌",
    "万科",
    "姓名",
    "性别",
    "経験",
    "経理",
    "時代",
    "田中区",
    "本人",
    "石川県",
    "福島県",
    "山口県",
    "山梨県",
    "平成",
    "令和",
    "昭和",
    "同上",
    "東京",
    "大阪",
    "京都",
    "千葉",
    "埼玉",
    "神奈",
    "長野",
    "長崎",
    "宮崎",
    "岡山",
    "福岡",
    "北海",
    "有限",
    "公司",
    "方式",
    "方便",
    "于是",
    "于今",
    "时尚",
    "时代",
    "时候",
    "明天",
    "明确",
    "明星",
    "满意",
    "满足",
    "強化",
    "强化",
    "强大",
    "强烈",
    "万人",
    "万次",
    "花费",
    "向上",
    "向量",
    "海外",
    "海量",
    "国家",
    "国际",
    "國際",
    "经验",
    "经济",
    "经历",
    "经营",
    "经理",
    "麦当",
    "乐于",
    "乐观",
    "易于",
    "易用",
    "冷链",
    "冷启",
    "游戏",
    "游戲",
    "柴油",
    "沙盒",
    "沙箱",
    "牛奶",
    "鱼类",
    "雷达",
    "雷達",
    "龙头",
    "龍頭",
    "史料",
    "景区",
];

/// Words beside names in the scripts that part words, without marks: roles, titles and labels.
const ROLES: &[&str] = &[
    "پدر",
    "مادر",
    "پسر",
    "دختر",
    "পিতা",
    "মাতা",
    "पिता",
    "माता",
    "ר",
    "زوجة",
    "زوجتي",
    "زوجي",
    "ابني",
    "ابنتي",
    "ابنة",
    "أخي",
    "أختي",
    "والدي",
    "والدتي",
    "أبي",
    "أمي",
    "المشرف",
    "زميل",
    "زميلي",
    "زميلتي",
    "الزميل",
    "الزميلة",
    "الأستاذ",
    "الأستاذة",
    "أستاذ",
    "المهندس",
    "المهندسة",
    "مهندس",
    "الدكتور",
    "الدكتورة",
    "دكتور",
    "السيد",
    "السيدة",
    "الشيخ",
    "الحاج",
    "الآنسة",
    "المحامي",
    "المدرب",
    "بقلم",
    "طفلة",
    "طفل",
    "المستشار",
    "أ",
    "د",
    "م",
    "دکتر",
    "مهندس",
    "آقای",
    "خانم",
    "استاد",
    "همسرم",
    "پدرم",
    "مادرم",
    "پسرم",
    "دخترم",
    "برادرم",
    "خواهرم",
    "همکارم",
    "جناب",
    "محترم",
    "محترمہ",
    "بیوی",
    "شوہر",
    "والد",
    "والدہ",
    "بیٹا",
    "بیٹی",
    "ڈاکٹر",
    "پروفیسر",
    "מר",
    "גב",
    "גברת",
    "אשתי",
    "בעלי",
    "בני",
    "בתי",
    "אחי",
    "אחותי",
    "אבא",
    "אמא",
    "סבתא",
    "סבא",
    "מנהל",
    "מנהלת",
    "עמית",
    "עמיתה",
    "רב",
    "הרב",
    "עו",
    "כפוף",
    "כפופה",
    "עם",
    "שמי",
    "श्री",
    "श्रीमती",
    "सुश्री",
    "कुमारी",
    "डॉ",
    "डॉक्टर",
    "प्रो",
    "प्रोफेसर",
    "प्रोफ़ेसर",
    "पत्नी",
    "पति",
    "पुत्र",
    "पुत्री",
    "भाई",
    "बहन",
    "मित्र",
    "गुरु",
    "नाम",
    "निर्देशक",
    "শ্রী",
    "জনাব",
    "বেগম",
    "ডা",
    "ড",
    "স্ত্রী",
    "স্বামী",
    "পুত্র",
    "কন্যা",
    "ভাই",
    "বোন",
    "নাম",
    "திரு",
    "திருமதி",
    "செல்வி",
    "டாக்டர்",
    "மனைவி",
    "கணவர்",
    "மகன்",
    "மகள்",
    "பெயர்",
    "శ్రీ",
    "శ్రీమతి",
    "డాక్టర్",
    "పేరు",
    "ქალბატონი",
    "ბატონი",
    "მეუღლე",
    "ქალიშვილი",
    "ვაჟი",
    "አቶ",
    "ወይዘሮ",
    "ዶክተር",
    "ወይዘሪት",
    "ስሜ",
];

/// Heads of names of houses, schools and prizes in those scripts, before the name or behind it.
const HOUSES: &[&str] = &[
    "مستشفى",
    "شركة",
    "جامعة",
    "مدرسة",
    "معهد",
    "كلية",
    "جائزة",
    "شارع",
    "ميدان",
    "مسجد",
    "مطار",
    "مكتبة",
    "مؤسسة",
    "بنك",
    "مصرف",
    "دانشگاه",
    "بیمارستان",
    "مدرسه",
    "دبیرستان",
    "خیابان",
    "میدان",
    "شرکت",
    "جایزه",
    "بنیاد",
    "یونیورسٹی",
    "ہسپتال",
    "المقاولون",
    "אוניברסיטת",
    "אוניברסיטה",
    "תיכון",
    "רחוב",
    "בית",
    "מרכז",
    "מכללת",
    "קרן",
    "פרס",
    "שדרות",
    "כיכר",
    "על",
    "ע",
    "מכון",
    "בנק",
    "विद्यालय",
    "विश्वविद्यालय",
    "स्मारक",
    "महाविद्यालय",
    "अस्पताल",
    "मार्ग",
    "नगर",
    "मंदिर",
    "पुरस्कार",
    "संस्थान",
    "शिशु",
    "বিশ্ববিদ্যালয়",
    "হাসপাতাল",
    "স্কুল",
    "কলেজ",
    "সড়ক",
    "மருத்துவமனை",
    "பள்ளி",
    "பல்கலைக்கழகம்",
    "கல்லூரி",
    "తెలుగు",
    "విశ్వవిద్యాలయం",
    "కళాశాల",
    "უნივერსიტეტი",
    "ქუჩა",
    "სკოლა",
    "სახელობის",
    "ዩኒቨርሲቲ",
    "ሆስፒታል",
    "ትምህርት",
];

/// Small words of those scripts that end a name.
const SMALL: &[&str] = &[
    "थे",
    "था",
    "थी",
    "بالعربية",
    "المباشر",
    "الكامل",
    "हिंदी",
    "हिन्दी",
    "है",
    "हैं",
    "हो",
    "हूँ",
    "और",
    "तथा",
    "का",
    "की",
    "के",
    "से",
    "ने",
    "को",
    "भी",
    "में",
    "जी",
    "मेरा",
    "मेरी",
    "मेरे",
    "मेरो",
    "व",
    "पुत्र",
    "पुत्री",
    "এবং",
    "ও",
    "এর",
    "আমার",
    "மற்றும்",
    "என்",
    "మరియు",
    "ve",
    "و",
    "في",
    "من",
    "مع",
    "على",
    "هو",
    "هي",
    "است",
    "از",
    "در",
    "به",
    "با",
    "را",
    "של",
    "את",
    "הוא",
    "היא",
    "לא",
    "כן",
    "על",
    "או",
    "גם",
    "და",
    "არის",
    "እና",
    "ነው",
];

struct Spoken {
    roles: HashSet<&'static str>,
    houses: HashSet<&'static str>,
    small: HashSet<&'static str>,
}

static SPOKEN: LazyLock<Spoken> = LazyLock::new(|| Spoken {
    roles: ROLES.iter().copied().collect(),
    houses: HOUSES.iter().copied().collect(),
    small: SMALL.iter().copied().collect(),
});

const fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '々')
}

const fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30FF}')
}

const fn is_katakana(c: char) -> bool {
    matches!(c, '\u{30A1}'..='\u{30FA}' | 'ー' | '・')
}

const fn is_hangul(c: char) -> bool {
    matches!(c, '\u{AC00}'..='\u{D7A3}')
}

const fn is_thai(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0E7F}')
}

/// Which scripts without capitals the bytes of a line hold: Han, Kana and Hangul; and the others.
fn scripts(line: &[u8]) -> (bool, bool) {
    let (mut east, mut other) = (false, false);
    for (at, byte) in line.iter().enumerate() {
        match byte {
            0xD6..=0xE0 => other = true,
            // Georgian and Ethiopic; Vietnamese letters begin with the same byte.
            0xE1 => other |= matches!(line.get(at + 1), Some(0x83 | 0x88..=0x8D)),
            0xE3..=0xED => east = true,
            _ => {}
        }
    }
    (east, other)
}

fn is_han_text(text: &str) -> bool {
    text.chars().all(|c| is_han(c) || is_hangul(c))
}

/// Adds names in scripts without case.
pub(super) fn find(page: &Page<'_>, words: &[Word], out: &mut Vec<Span>) {
    let text = page.text();
    for (number, line) in page.lines().iter().enumerate() {
        if !line.cues.has(Cues::WIDE) {
            continue;
        }
        let (east, other) = scripts(&text.as_bytes()[line.start..line.end]);
        if !east && !other {
            continue;
        }
        let from = words.partition_point(|word| word.start() < line.start);
        let to = words.partition_point(|word| word.start() < line.end);
        let row = Row { text, line: line.start..line.end, number, words: &words[from..to] };
        if east {
            row.han(out);
            row.japanese(out);
            row.korean(out);
        }
        if other {
            row.spelt(out);
            row.thai(out);
        }
    }
}

fn span(range: Range<usize>, score: f32, rule: &'static str) -> Span {
    Span::new(range, Entity::Person, score.min(0.95)).by(Layer::Context, rule)
}

/// One line.
struct Row<'a> {
    text: &'a str,
    line: Range<usize>,
    number: usize,
    words: &'a [Word],
}

impl Row<'_> {
    fn head(&self, at: usize) -> &str {
        &self.text[self.line.start..at]
    }

    fn tail(&self, at: usize) -> &str {
        &self.text[at..self.line.end]
    }

    /// Whether a label stands before byte `at`, with a colon or a bracket between.
    fn labelled(&self, at: usize) -> bool {
        let head = self.head(at);
        let outer = [
            ':', '：', ' ', '\u{3000}', '|', '*', '】', ']', '=', '\t', '｜', '(', '（', '/', '「', '『', '"', '“',
            '―', '-',
        ];
        let label = head.trim_end_matches(outer);
        // The heading above: `推荐人` and the name on the next line.
        if !label.contains(char::is_alphanumeric) {
            let above = self.text[..self.line.start].trim_end().rsplit('\n').next().unwrap_or_default();
            let above = above.trim_matches(|c: char| !c.is_alphanumeric());
            return !above.is_empty()
                && head.len() < 12
                && !head.contains('\u{1}')
                && LABELS.contains(&above)
                && is_han_text(above);
        }
        let between = &head[label.len()..];
        between.contains([':', '：', '|', '｜', '】', ']', '\t', '\u{3000}', '=', '(', '（', ' '])
            && label.len() + 40 > head.len()
            && LABELS.iter().any(|word| {
                label.strip_suffix(word).is_some_and(|rest| {
                    // `名` alone ends many words.
                    word.chars().count() > 1 || !rest.chars().next_back().is_some_and(char::is_alphanumeric)
                })
            })
    }

    /// Whether nothing but marks stands around the bytes.
    fn alone(&self, range: &Range<usize>) -> bool {
        let bare = |c: char| !c.is_alphanumeric();
        self.head(range.start).chars().all(bare) && self.tail(range.end).chars().all(bare)
    }

    /// Chinese names: a surname, one or two characters, and something that says so.
    fn han(&self, out: &mut Vec<Span>) {
        let native = &*NATIVE;
        let mut next = self.line.start;
        let line = &self.text[self.line.clone()];
        for (offset, c) in line.char_indices() {
            let start = self.line.start + offset;
            if start < next || !is_han(c) {
                continue;
            }
            let head = self.head(start);
            let run: Vec<char> = self.tail(start).chars().take(9).take_while(|c| is_han(*c)).collect();
            // `Kevin 蔡`: the surname alone behind a given name in Latin letters.
            if run.len() == 1 && head.ends_with(' ') && native.chinese_surnames.contains(c.to_string().as_str()) {
                let given = head.trim_end().rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
                let known = LEXICON.word(crate::mask::words::Hash::of(given)).any(Flags::GIVEN);
                if known && given.len() > 2 && given.starts_with(|c: char| c.is_ascii_uppercase()) {
                    out.push(span(start..start + c.len_utf8(), 0.6, "surname behind a given name"));
                }
                continue;
            }
            let begins = !head.chars().next_back().is_some_and(|c| is_han(c) || is_kana(c));
            let cued = CUES
                .iter()
                .any(|cue| head.trim_end_matches([' ', '「', '“', '"', '：', ':', '\u{3000}']).ends_with(cue));
            if !begins && !cued {
                continue;
            }
            let labelled = self.labelled(start);
            let context = if labelled {
                0.5
            } else if cued {
                0.35
            } else {
                0.05
            };
            if let Some((count, worth)) = called(&run, native, begins || cued, self.tail(start)) {
                let end = start + run[..count].iter().map(|c| c.len_utf8()).sum::<usize>();
                if context + worth >= 0.5 {
                    out.push(span(start..end, context + worth, "surname and what people are called by"));
                    next = end;
                    continue;
                }
            }
            let mut best: Option<(usize, f32)> = None;
            // A label says that a name stands here, whatever its characters are.
            let bytes = run.iter().map(|c| c.len_utf8()).sum::<usize>();
            let ends = !self.tail(start + bytes).chars().next().is_some_and(|c| is_kana(c) || is_han(c));
            let text: String = run.iter().collect();
            let other = CUES.contains(&text.as_str()) || LABELS.contains(&text.as_str());
            if labelled && (2..=4).contains(&run.len()) && ends && !other {
                best = Some((start + bytes, 0.55));
            }
            for count in 2..=run.len().min(4) {
                let name: String = run[..count].iter().collect();
                let end = start + name.len();
                let Some(worth) = native.chinese(&run[..count], labelled) else { continue };
                let tail = self.tail(end);
                // `君` and `氏` end given names and houses too.
                let honoured = HONORIFICS
                    .iter()
                    .any(|word| !matches!(*word, "君" | "氏" | "殿") && tail.trim_start_matches(' ').starts_with(word));
                let parted = !tail.chars().next().is_some_and(|c| is_han(c) || is_kana(c));
                let follows = FOLLOWS.iter().any(|word| tail.starts_with(word));
                let first: String = run[..2].iter().collect();
                let word = NOT_NAMES.contains(&first.as_str()) || native.japanese_surnames.contains(name.as_str());
                let alone = self.alone(&(start..end));
                let leads = head.chars().all(|c| !c.is_alphanumeric()) && parted;
                let said = tail.starts_with(['，', '（', '(', ',', ' ', '：', '\u{3000}'])
                    && (line.contains(|c: char| c.is_ascii_digit()) || line.contains('电'));
                let listed = head.ends_with(['、', '和', '与', '與', '（', '(']);
                let score = worth
                    + context
                    + if honoured {
                        0.35
                    } else if parted {
                        0.1
                    } else if follows {
                        0.08
                    } else {
                        -0.4
                    }
                    + if alone && self.number < 4 { 0.35 } else { 0.0 }
                    + if leads && self.number < 4 { 0.15 } else { 0.0 }
                    + if leads && said { 0.12 } else { 0.0 }
                    + if listed { 0.15 } else { 0.0 }
                    + if head.trim_end().ends_with(|c: char| c.is_ascii_alphabetic())
                        && parted
                        && head.ends_with([' ', '('])
                    {
                        0.12
                    } else {
                        0.0
                    }
                    - if word && !labelled { 0.6 } else { 0.0 };
                if best.is_none_or(|(_, known)| score >= known) {
                    best = Some((end, score));
                }
            }
            if let Some((end, score)) = best.filter(|(_, score)| *score >= 0.5) {
                out.push(span(start..end, score, "surname and given name"));
                next = end;
            }
        }
    }

    /// Japanese names: known surnames beside known given names, and whatever stands before `さん`.
    fn japanese(&self, out: &mut Vec<Span>) {
        const STRONG: &[&str] = &["さん", "様", "さま", "ちゃん", "くん", "氏", "殿", "先輩", "君"];
        const TITLES: &[&str] =
            &["課長", "部長", "係長", "社長", "店長", "室長", "先生", "教授", "主任", "専務", "です", "と申します"];
        const NOBODY: &[&str] = &[
            "客", "皆", "奥", "神", "王", "姉", "兄", "母", "父", "娘", "者", "業", "御", "各", "同", "本", "子", "孫",
            "医", "社",
        ];
        let native = &*NATIVE;
        let line = &self.text[self.line.clone()];
        // How a name is read, in kana.
        for label in ["ふりがな", "フリガナ", "よみがな"] {
            let Some(at) = line.find(label) else { continue };
            let rest = &line[at + label.len()..];
            let start = rest
                .find(|c: char| !matches!(c, ':' | '：' | ' ' | '\u{3000}' | '\t' | '）' | ')' | '】' | '|'))
                .unwrap_or(rest.len());
            let length = rest[start..]
                .find(|c: char| !is_kana(c) && !matches!(c, ' ' | '\u{3000}'))
                .unwrap_or(rest.len() - start);
            let reading = rest[start..start + length].trim_end();
            if (3..=16).contains(&reading.chars().count()) {
                let from = self.line.start + at + label.len() + start;
                out.push(span(from..from + reading.len(), 0.8, "how a name is read"));
            }
        }
        // `大和田 紀子`, `藤村美咲`: a surname at the start of a run.
        let mut before = ' ';
        let mut next = 0;
        for (at, c) in line.char_indices() {
            let begins =
                is_han(c) && at >= next && (!is_han(before) || CUES.iter().any(|cue| line[..at].ends_with(cue)));
            before = c;
            if !begins {
                continue;
            }
            let rest: Vec<(usize, char)> = line[at..].char_indices().take(9).collect();
            for count in (1..=rest.len().min(3)).rev() {
                let Some(cut) = rest.get(count).map(|(cut, _)| *cut) else { continue };
                let surname = &line[at..at + cut];
                if !native.japanese_surnames.contains(surname) {
                    continue;
                }
                let tail = &line[at + cut..];
                let blank =
                    tail.chars().next().filter(|c| matches!(c, ' ' | '\u{3000}' | '・')).map_or(0, char::len_utf8);
                let given = &tail[blank..];
                let length = given.chars().take(4).take_while(|c| is_han(*c) || is_kana(*c)).count();
                let known = (1..=length).rev().find_map(|count| {
                    let end = given.char_indices().nth(count).map_or(given.len(), |(end, _)| end);
                    native.japanese_given.contains(&given[..end]).then_some(end)
                });
                let vouched = self.number < 6 || self.labelled(self.line.start + at);
                let free = (blank > 0 && vouched && (1..=3).contains(&length))
                    .then(|| given.char_indices().nth(length).map_or(given.len(), |(end, _)| end));
                if let Some(end) = known.filter(|_| count > 1 || blank > 0 || vouched).or(free) {
                    next = at + cut + blank + end;
                    out.push(span(self.line.start + at..self.line.start + next, 0.8, "surname and given name"));
                    break;
                }
            }
        }
        for (honorific, strong) in STRONG.iter().map(|word| (word, true)).chain(TITLES.iter().map(|word| (word, false)))
        {
            for (at, _) in line.match_indices(honorific) {
                let head = line[..at].trim_end_matches(' ');
                let run = |test: fn(char) -> bool| {
                    let length: usize = head.chars().rev().take(9).take_while(|c| test(*c)).map(char::len_utf8).sum();
                    &head[head.len() - length..]
                };
                let (han, katakana) = (run(is_han), run(is_katakana));
                let mut named: Option<&str> = None;
                let parts: Vec<usize> = han.char_indices().map(|(at, _)| at).collect();
                for cut in &parts {
                    let part = &han[*cut..];
                    if part.chars().count() >= 2 && native.japanese_surnames.contains(part) {
                        named = Some(part);
                        break;
                    }
                }
                if named.is_none() && strong {
                    let weak = matches!(*honorific, "君" | "氏" | "殿");
                    let polite = head[..head.len() - han.len()].ends_with(['お', 'ご']);
                    let nobody = polite || NOBODY.iter().any(|word| han.ends_with(word));
                    if !nobody && !weak && (1..=3).contains(&parts.len()) {
                        named = Some(han);
                    } else if katakana.chars().count() >= 2 {
                        named = Some(katakana);
                    } else if matches!(*honorific, "ちゃん" | "くん" | "さん") {
                        named = (2..=4usize).rev().find_map(|count| {
                            let length: usize = head.chars().rev().take(count).map(char::len_utf8).sum();
                            native.japanese_given.get(&head[head.len() - length..]).copied()
                        });
                    }
                }
                if let Some(name) = named.filter(|name| !name.is_empty()) {
                    let start = self.line.start + head.len() - name.len();
                    out.push(span(start..start + name.len(), 0.75, "name before an honorific"));
                }
            }
        }
    }

    /// Korean names: a surname and two syllables, with a particle or an honorific behind.
    fn korean(&self, out: &mut Vec<Span>) {
        const PARTICLES: &[&str] = &[
            "",
            "은",
            "는",
            "이",
            "가",
            "을",
            "를",
            "의",
            "에게",
            "와",
            "과",
            "도",
            "께",
            "께서",
            "입니다",
            "이다",
            "이라고",
            "에게서",
            "님",
            "씨",
            "님이",
            "님은",
            "님과",
            "씨를",
            "씨가",
            "씨와",
            "이고",
            "이며",
            "으로",
            "로",
            "만",
            "랑",
            "이랑",
        ];
        const CALLED: &[&str] =
            &["쌤", "님", "씨", "형", "누나", "언니", "오빠", "아", "야", "선배", "님이", "님의", "씨가", "쌤이"];
        const ROLES: &[&str] = &[
            "간호사",
            "수간호사",
            "팀장",
            "교수",
            "어머니",
            "아버지",
            "어머님",
            "후배",
            "선배",
            "동료",
            "친구",
            "개발자",
            "엔지니어",
            "대표",
            "부장",
            "과장",
            "차장",
            "이사",
            "원장",
            "선생님",
            "남편",
            "아내",
            "아들",
            "딸",
            "형",
            "누나",
            "동생",
            "언니",
            "오빠",
            "상사",
            "사수",
            "멘토",
            "매니저",
            "디자이너",
            "기자",
            "작성자",
            "이름은",
            "저는",
            "박사",
            "지도교수",
            "배우자",
            "담당",
            "서명",
            "코치",
        ];
        const NOBODY: &[&str] = &[
            "고객", "선생", "팀장", "부장", "대표", "회원", "사장", "과장", "이사", "교수", "원장", "기사", "의사",
            "간호", "담당", "부모", "어머", "아버", "선배", "여러", "주인", "점장", "하나", "스승", "동생", "작가",
        ];
        let native = &*NATIVE;
        for (at, word) in self.words.iter().enumerate() {
            let spoken = &self.text[word.range()];
            let letters: Vec<char> = spoken.chars().collect();
            if letters.len() < 2 || !letters.iter().all(|c| is_hangul(*c)) {
                // `박 서 연`: a name spaced out.
                if letters.len() == 1 && is_hangul(letters[0]) && native.korean_surnames.contains(spoken) {
                    self.spaced(at, out);
                }
                continue;
            }
            if ROLES.iter().any(|role| spoken.strip_prefix(role).is_some_and(|rest| rest.chars().count() <= 1)) {
                continue;
            }
            let previous = at.checked_sub(1).map(|at| &self.words[at]);
            let before = previous.map_or("", |word| &self.text[word.range()]);
            let near = previous.is_some_and(|word| self.words[at].start() - word.end() <= 3);
            let role = near && ROLES.iter().any(|role| before.ends_with(role));
            let after = self.words.get(at + 1).map_or("", |word| &self.text[word.range()]);
            let honoured = |rest: &str| {
                HONORIFICS.iter().any(|word| rest.starts_with(word))
                    || (rest.is_empty() && HONORIFICS.iter().any(|word| after.starts_with(word)))
            };
            let labelled = self.labelled(word.start());
            let mut best: Option<(usize, f32)> = None;
            for (family, given) in [(1, 2), (2, 2), (2, 1), (1, 1)] {
                let count = family + given;
                if letters.len() < count {
                    continue;
                }
                let (surname, name): (String, String) =
                    (letters[..family].iter().collect(), letters[family..count].iter().collect());
                let rest: String = letters[count..].iter().collect();
                let honoured = honoured(&rest);
                if !native.korean_surnames.contains(surname.as_str())
                    || !(PARTICLES.contains(&rest.as_str()) || honoured)
                {
                    continue;
                }
                let known = name.chars().all(|c| native.korean_given.contains(&c));
                let range = word.start()..word.start() + surname.len() + name.len();
                let alone = self.alone(&range);
                let score = if known { 0.2 } else { 0.05 }
                    + if count == 3 {
                        0.1
                    } else if family == 2 {
                        0.2
                    } else {
                        -0.1
                    }
                    + if labelled { 0.5 } else { 0.0 }
                    + if role { 0.3 } else { 0.0 }
                    + if honoured { 0.35 } else { 0.05 }
                    + if alone && self.number < 5 { 0.3 } else { 0.0 };
                if best.is_none_or(|(_, known)| score > known) {
                    best = Some((range.end, score));
                }
            }
            if best.is_none_or(|(_, score)| score < 0.5) && letters.len() <= 5 {
                let name: String = letters[..2].iter().collect();
                let rest: String = letters[2..].iter().collect();
                let called = CALLED.contains(&rest.as_str())
                    || (rest.is_empty() && matches!(after, "님" | "씨" | "님이" | "님의"));
                let known = letters[..2].iter().all(|c| native.korean_given.contains(c));
                let title = rest.starts_with('아') || rest.starts_with('야');
                if called && known && !NOBODY.contains(&name.as_str()) && !title {
                    best = Some((word.start() + name.len(), 0.6));
                }
            }
            if let Some((end, score)) = best.filter(|(_, score)| *score >= 0.5) {
                out.push(span(word.start()..end, score, "surname and given name"));
            }
        }
    }

    fn spaced(&self, at: usize, out: &mut Vec<Span>) {
        let native = &*NATIVE;
        let Some([a, b, c]) = self.words.get(at..at + 3) else { return };
        let syllable = |word: &Word| {
            self.text[word.range()].chars().all(|c| native.korean_given.contains(&c)) && word.letters == 1
        };
        let blank = |a: &Word, b: &Word| self.text[a.end()..b.start()].chars().all(char::is_whitespace);
        let close = blank(a, b) && blank(b, c) && b.start() - a.end() <= 3 && c.start() - b.end() <= 3;
        if close && syllable(b) && syllable(c) {
            out.push(span(a.start()..c.end(), 0.7, "name spaced out"));
        }
    }

    /// Arabic, Hebrew, the scripts of India, Georgian, Ethiopic: names of the lists, and what follows who somebody is.
    fn spelt(&self, out: &mut Vec<Span>) {
        let known: Vec<Seen> = self.words.iter().map(|word| self.seen(word)).collect();
        // Where the last name ended: who stands in a list with a person is one.
        let mut last: Option<usize> = None;
        let close = |at: usize| {
            let gap = &self.text[self.words[at - 1].end()..self.words[at].start()];
            matches!(gap, " " | "-" | "־" | "\u{a0}" | " \u{200f}" | "  ")
        };
        let mut at = 0;
        while at < known.len() {
            if !known[at].native {
                at += 1;
                continue;
            }
            let start = self.words[at].start() + known[at].prefix;
            let labelled = self.labelled(self.words[at].start());
            let led = at > 0 && known[at - 1].role && {
                let gap = &self.text[self.words[at - 1].end()..self.words[at].start()];
                gap.len() <= 4
                    && gap.chars().all(|c| matches!(c, ' ' | '.' | '/' | ':' | '\'' | '"' | '׳' | '״' | '(' | '،'))
            };
            let label = labelled && !known[at].house;
            let free = |at: usize| known[at].native && !known[at].small && !known[at].role && !known[at].house;
            let mut end = at;
            while end < known.len() && (end == at || close(end)) {
                let fits =
                    known[end].name || (known[end].joint && end > at) || ((label || led) && free(end) && end - at < 4);
                if !fits {
                    break;
                }
                end += 1;
            }
            // A joint joins two names.
            while end > at && known[end - 1].link && !known[end - 1].name {
                end -= 1;
            }
            if end == at {
                at += 1;
                continue;
            }
            let names = (at..end).filter(|at| known[*at].name).count();
            let given = (at..end).any(|at| known[at].given);
            let head = self.head(self.words[at].start());
            let opened = head.ends_with(['(', '„', '“', '"', '«']) && !head.ends_with(['“', '"', '«']);
            // One or two more words behind a name, where they end the line or the phrase, are its surname.
            let stop = self.words[end - 1].end();
            let closes = |end: usize| {
                let tail = self.tail(self.words[end].end());
                tail.trim_start().is_empty()
                    || tail.starts_with([',', '،', '.', ')', '|', '؛', '۔', '।', '-', '–', ';', ':'])
            };
            let vouched = end - at == 2 || led || opened || label || self.number < 3;
            let more = (1..=2).find(|more| {
                (end..end + more).all(|at| at < known.len() && close(at) && free(at)) && closes(end + more - 1)
            });
            if let Some(more) = more.filter(|more| given && vouched && end - at + more <= 4) {
                end += more;
            }
            let before = (1..=3).any(|step| {
                at >= step
                    && known[at - step].house
                    && !self.text[self.words[at - step].end()..self.words[at].start()]
                        .contains([',', '،', '.', '–', '\n', ':'])
            });
            let behind = known.get(end).is_some_and(|seen| seen.house) && close(end);
            let alone = self.alone(&(self.words[at].start()..self.words[end - 1].end()));
            let tail = self.tail(self.words[end - 1].end());
            let honoured = tail.trim_start().starts_with("जी") || tail.trim_start().starts_with("সাহেব");
            let aged = tail.starts_with(['،', ',']) && opened;
            let dashed = head.trim_end().ends_with(['—', '–', '-', '״', '”']) && head.trim_end().len() > 2;
            let letters: usize = self.words[at..end].iter().map(|word| usize::from(word.letters)).sum();
            let listed = last.is_some_and(|last| {
                let gap = &self.text[last..start.max(last)];
                matches!(gap.trim(), "،" | "," | "و" | "और" | "तथा" | "এবং" | "و " | "ו" | "ועם" | "and")
                    && gap.len() < 12
            });
            let score = match (names, given) {
                (0, _) => 0.1,
                (1, true) => 0.2,
                (1, false) => 0.1,
                (_, true) => 0.6,
                (_, false) => 0.35,
            } - if names > 1
                && read_only(&known[at..end])
                && !(known[at].given && known[end - 1].surname && letters >= 5)
            {
                0.2
            } else {
                0.0
            } + if listed && names > 0 { 0.35 } else { 0.0 }
                + if label { 0.5 } else { 0.0 }
                + if led { if names > 0 { 0.4 } else { 0.2 } } else { 0.0 }
                + if alone && self.number < 4 { 0.35 } else { 0.0 }
                + if opened && tail.starts_with([')', ',', '،']) { 0.35 } else { 0.0 }
                + if honoured || aged { 0.3 } else { 0.0 }
                + if dashed && names > 0 { 0.15 } else { 0.0 }
                + if end - at > 1 && names > 0 { 0.05 } else { 0.0 }
                - if before || behind { 0.8 } else { 0.0 };
            if score >= 0.5 {
                let stop = self.words[end - 1].end().max(stop);
                out.push(span(start..stop, score, "name of the lists, or behind who somebody is"));
                last = Some(stop);
            }
            at = end.max(at + 1);
        }
    }

    /// What one word is.
    fn seen(&self, word: &Word) -> Seen {
        let spoken = &self.text[word.range()];
        let first = spoken.chars().next().unwrap_or(' ');
        let native =
            word.caseless && matches!(first, '\u{590}'..='\u{DFF}' | '\u{10A0}'..='\u{10FF}' | '\u{1200}'..='\u{137F}');
        let mut seen = Seen { native, ..Seen::default() };
        if !native {
            return seen;
        }
        let spoken_words = &*SPOKEN;
        seen.role = spoken_words.roles.contains(spoken);
        seen.house = spoken_words.houses.contains(spoken);
        seen.small = spoken_words.small.contains(spoken);
        if seen.house || seen.small {
            return seen;
        }
        seen.link = matches!(spoken, "بن" | "بنت" | "ابن" | "آل" | "عبد" | "بو" | "בן" | "בת");
        seen.joint = seen.link || (spoken.starts_with("ال") && word.letters > 4) || spoken.contains('\u{200c}');
        let mut flags = LEXICON.word(word.hash);
        let name = Flags::GIVEN.or(Flags::SURNAME);
        if !flags.any(name) && !matches!(first, '\u{590}'..='\u{8FF}') && word.letters > 1 {
            inflect::any_romanized(spoken, |hash| {
                let known = LEXICON.word(hash);
                let fits = known.any(name) && !known.any(Flags::WORD);
                if fits {
                    flags = known;
                    seen.read = true;
                }
                fits
            });
            // Georgian cases.
            if !flags.any(name) && matches!(first, '\u{10A0}'..='\u{10FF}') {
                for ending in ["მ", "ს", "ის", "ით", "ად", "ა"] {
                    let Some(stem) = spoken.strip_suffix(ending) else { continue };
                    for stem in [stem.to_owned(), format!("{stem}ი")] {
                        inflect::any_romanized(&stem, |hash| {
                            let known = LEXICON.word(hash);
                            if known.any(name) && stem.chars().count() > 3 {
                                flags = known;
                            }
                            known.any(name)
                        });
                    }
                }
            }
        }
        // `ולרונן`, `لسامح`: small words are written together with what follows.
        if !flags.any(name) && word.letters > 3 && !seen.role {
            let prefixes: &[char] = match first {
                '\u{590}'..='\u{5FF}' => &['ו', 'ל', 'ב', 'ה', 'מ', 'ש', 'כ'],
                '\u{600}'..='\u{6FF}' => &['و', 'ل', 'ب', 'ف'],
                _ => &[],
            };
            if prefixes.contains(&first) {
                let rest = &spoken[first.len_utf8()..];
                let known = LEXICON.word(crate::mask::words::Hash::of(rest));
                if known.any(name) {
                    flags = known;
                    seen.prefix = first.len_utf8();
                }
            }
        }
        seen.given = flags.any(Flags::GIVEN) && !seen.role;
        seen.surname = flags.any(Flags::SURNAME);
        seen.name = (flags.any(name) || matches!(spoken, "أبو" | "أم" | "אבו")) && !seen.role;
        seen
    }

    /// Thai names: behind a title, with the surname behind a blank.
    fn thai(&self, out: &mut Vec<Span>) {
        const FORMAL: &[&str] = &["นางสาว", "นาย", "นาง", "น.ส.", "ดร.", "ผศ.", "รศ."];
        const CASUAL: &[&str] = &["คุณ", "พี่", "น้อง", "อาจารย์", "เชฟ", "หมอ", "ครู", "ป้า", "ลุง"];
        const NOT_NAMES: &[&str] = &[
            "จ้าง",
            "กรัฐ",
            "กสมาคม",
            "กเทศ",
            "หน้า",
            "แพทย์",
            "ทุน",
            "ท่า",
            "ทหาร",
            "ตำรวจ",
            "แบบ",
            "สมบัติ",
            "ภาพ",
            "วุฒิ",
            "ค่า",
            "น้อง",
            "เลี้ยง",
            "พยาบาล",
            "ใหญ่",
            "ประโยชน์",
            "ลักษณะ",
        ];
        for (at, word) in self.words.iter().enumerate() {
            let spoken = &self.text[word.range()];
            if !word.caseless || !spoken.starts_with(is_thai) {
                continue;
            }
            if FORMAL.contains(&spoken) || CASUAL.contains(&spoken) {
                continue;
            }
            let formal = FORMAL.iter().find_map(|title| spoken.strip_prefix(title).map(|rest| (rest, true)));
            let titled =
                formal.or_else(|| CASUAL.iter().find_map(|title| spoken.strip_prefix(title).map(|rest| (rest, false))));
            let flags = LEXICON.word(word.hash);
            let labelled = self.labelled(word.start());
            let next = self.words.get(at + 1).filter(|next| {
                let gap = &self.text[word.end()..next.start()];
                matches!(gap, " " | "  ") && self.text[next.range()].starts_with(is_thai)
            });
            let (name, is_formal) = match titled {
                Some((rest, formal)) if rest.chars().count() >= 2 => (rest, formal),
                _ if flags.any(Flags::GIVEN) || labelled => (spoken, false),
                _ => continue,
            };
            if titled.is_some() && NOT_NAMES.iter().any(|word| name.starts_with(word)) {
                continue;
            }
            let start = word.end() - name.len();
            let surname = next.filter(|next| {
                let known = LEXICON.word(next.hash).any(Flags::SURNAME.or(Flags::GIVEN));
                is_formal || labelled || known || self.number < 3
            });
            let known = LEXICON.word(crate::mask::words::Hash::of(name)).any(Flags::GIVEN.or(Flags::SURNAME));
            if titled.is_some()
                || labelled
                || (known && surname.is_some())
                || (known && self.alone(&word.range()) && self.number < 4)
            {
                let mut end = word.end();
                // Thai parts no words: behind a casual title only the name of the lists is one, or a short word.
                if titled.is_some() && !is_formal && !known && name.chars().count() > 10 {
                    let mut longest = name.char_indices().map(|(at, c)| at + c.len_utf8()).filter(|cut| {
                        *cut >= 6 && LEXICON.word(crate::mask::words::Hash::of(&name[..*cut])).any(Flags::GIVEN)
                    });
                    match longest.next_back() {
                        Some(cut) => end = start + cut,
                        None if name.chars().count() > 10 => continue,
                        None => {}
                    }
                }
                let whole = end == word.end();
                let end = surname.filter(|_| whole).map_or(end, Word::end);
                out.push(span(start..end, 0.75, "name behind a title"));
            }
        }
    }
}

/// A word of a script without case.
#[derive(Clone, Copy, Default)]
struct Seen {
    native: bool,
    name: bool,
    given: bool,
    role: bool,
    house: bool,
    small: bool,
    surname: bool,
    /// Known by its Latin letters only.
    read: bool,
    /// `بن`.
    link: bool,
    /// The same, and surnames with an article.
    joint: bool,
    /// Bytes of the small words in front.
    prefix: usize,
}

/// Whether every name of a run is known by its Latin letters only, which ordinary words may share.
fn read_only(run: &[Seen]) -> bool {
    run.iter().all(|seen| seen.read || !seen.name)
}

/// `小李`, `老罗`, `阿梅`, `罗哥`: what people are called, and what it is worth.
fn called(run: &[char], native: &Native, begins: bool, tail: &str) -> Option<(usize, f32)> {
    let [first, second, ..] = run else { return None };
    if !begins {
        return None;
    }
    let surname = |c: &char| native.chinese_surnames.contains(c.to_string().as_str());
    let two: String = [*first, *second].iter().collect();
    const WORDS: &[&str] = &[
        "老师", "老師", "老板", "老闆", "小时", "小時", "小学", "小學", "小组", "小組", "小区", "小程", "老年", "老家",
        "小型", "阿里", "小米", "小红", "小麦", "小于", "小费", "老人", "小计", "小路", "小易", "老龙",
    ];
    let named = match first {
        '小' | '老' => surname(second),
        '阿' => native.chinese_given.contains(second),
        _ => false,
    };
    if named && !WORDS.contains(&two.as_str()) {
        let third = run.get(2);
        let rest = &tail[two.len()..];
        let strong = rest.starts_with(['（', '(', '：', ':', '，', '、'])
            || rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
        let title = third.is_some_and(|c| matches!(c, '总' | '總' | '哥' | '姐'));
        return match third {
            None if strong => Some((2, 0.5)),
            None => Some((2, 0.45)),
            Some(_) if title => Some((3, 0.5)),
            Some(_) => None,
        };
    }
    let honoured = matches!(second, '哥' | '姐') && !run.get(2).is_some_and(|c| is_han(*c));
    let rest: String = run[1..].iter().collect();
    let titled = [
        "老师", "老師", "教授", "经理", "經理", "总监", "主任", "博士", "先生", "女士", "小姐", "同学", "同學", "律師",
        "律师", "医生", "醫生",
    ]
    .iter()
    .any(|title| rest.starts_with(title));
    (surname(first) && (honoured || titled) && !matches!(first, '本' | '同' | '高')).then_some((1, 0.5))
}

impl Native {
    /// What characters are worth as a Chinese name; `vouched` when something says that a name stands here.
    fn chinese(&self, run: &[char], vouched: bool) -> Option<f32> {
        let text: String = run.iter().collect();
        [1, 2].into_iter().rev().find_map(|family| {
            let cut: usize = run.iter().take(family).map(|c| c.len_utf8()).sum();
            let (surname, given) = text.split_at(cut.min(text.len()));
            let count = run.len().saturating_sub(family);
            if !self.chinese_surnames.contains(surname) || !(1..=2).contains(&count) {
                return None;
            }
            let known = given.chars().all(|c| self.chinese_given.contains(&c));
            let compound = if family == 2 { 0.2 } else { 0.0 };
            match (count, known) {
                (2, true) => Some(0.3 + compound),
                (1, true) => Some(0.15 + compound),
                (2, false) if vouched => Some(0.05 + compound),
                _ => None,
            }
        })
    }
}
